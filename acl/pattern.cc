#include "acl/pattern.h"

namespace respgate::acl {
namespace {

// Walks the class whose '[' stands before `at`, showing each range (one byte is a range of one) to `visit`.
// Gives the position behind the class; one that is never closed ends with the pattern.
template <typename Visit>
std::size_t walk_class(std::string_view pattern, std::size_t at, Visit visit) {
  while (at < pattern.size()) {
    const std::size_t left = pattern.size() - at;
    if (pattern[at] == '\\' && left >= 2) {
      visit(pattern[at + 1], pattern[at + 1]);
      at += 2;
    } else if (pattern[at] == ']') {
      return at + 1;
    } else if (left >= 3 && pattern[at + 1] == '-') {  // even when what follows the dash is ']'
      visit(pattern[at], pattern[at + 2]);
      at += 3;
    } else {
      visit(pattern[at], pattern[at]);
      ++at;
    }
  }
  return at;
}

// Signed on every machine: what the servers' x86-64 builds do.
bool within(char low, char high, char byte) {
  const auto a = static_cast<signed char>(low), z = static_cast<signed char>(high), b = static_cast<signed char>(byte);
  return a <= z ? a <= b && b <= z : z <= b && b <= a;
}

struct Step {
  std::size_t next;  // where the pattern goes on
  bool matched;
};

Step step_class(std::string_view pattern, std::size_t at, char byte) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  bool hit = false;
  const std::size_t next = walk_class(pattern, negated ? at + 1 : at, [&](char low, char high) { hit = hit || within(low, high, byte); });
  return {next, hit != negated};
}

// Compares one byte with the element of the pattern at `at`, which is not a star.
Step step(std::string_view pattern, std::size_t at, char byte) {
  switch (pattern[at]) {
    case '?': return {at + 1, true};
    case '[': return step_class(pattern, at + 1, byte);
    case '\\':
      if (at + 1 < pattern.size()) return {at + 2, pattern[at + 1] == byte};
      [[fallthrough]];  // a backslash at the very end is itself
    default: return {at + 1, pattern[at] == byte};
  }
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view subject) {
  if (subject.empty()) return pattern.empty();
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0, position = 0, stars = 0;
  // Every element but a star takes exactly one byte, so only the latest star can be given another try.
  std::size_t retry_at = kNone, retry_position = 0;
  while (position < subject.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      at = pattern.find_first_not_of('*', at);
      if (at == kNone) return true;
      if (++stars > kMaxStars) return false;
      retry_at = at;
      retry_position = position;
      continue;
    }
    const Step taken = at < pattern.size() ? step(pattern, at, subject[position]) : Step{at, false};
    if (taken.matched) {
      at = taken.next;
      ++position;
    } else if (retry_at != kNone) {
      at = retry_at;
      position = ++retry_position;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == kNone;
}

bool has_wide_class(std::string_view pattern) {
  bool wide = false;
  const auto look = [&](char low, char high) { wide = wide || ((low | high) & 0x80) != 0; };
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '[') {
      const bool negated = at + 1 < pattern.size() && pattern[at + 1] == '^';
      at = walk_class(pattern, negated ? at + 2 : at + 1, look);
    } else {
      at += pattern[at] == '\\' ? 2 : 1;
    }
  }
  return wide;
}

Pattern Pattern::compile(std::string_view text) {
  Pattern compiled;
  compiled.text_ = text;
  const auto shaped = [&compiled](Shape shape) {
    compiled.shape_ = shape;
    compiled.is_anchored_ = !compiled.literal_.empty();
    if (compiled.is_anchored_) compiled.first_ = compiled.literal_.front();
    return compiled;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '?' || text[at] == '[') return shaped(Shape::kGeneral);
    if (text[at] == '*') {
      if (text.find_first_not_of('*', at) != std::string_view::npos) return shaped(Shape::kGeneral);
      return shaped(compiled.literal_.empty() ? Shape::kAnything : Shape::kPrefix);
    }
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    compiled.literal_ += text[at];
  }
  return shaped(Shape::kExact);
}

bool Pattern::matches_whole(std::string_view subject) const {
  switch (shape_) {
    case Shape::kExact: return subject == literal_;
    case Shape::kPrefix: return subject.starts_with(literal_);
    case Shape::kAnything: return !subject.empty();  // the server's `*` does not match the empty key
    case Shape::kGeneral: break;
  }
  return subject.size() <= kMaxSubjectBytes && glob_matches(text_, subject);
}

}  // namespace respgate::acl
