#include "acl/policy_parser.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "acl/principal_builder.h"
#include "acl/rule_reader.h"
#include "acl/words.h"
#include "protocol/text.h"

namespace respgate::acl {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Split at every single blank: two in a row hold an empty word between them, as in the server.
std::vector<RuleWord> split_words(std::string_view line, unsigned column) {
  std::vector<RuleWord> words;
  for (bool more = true; more;) {
    const std::string_view word = line.substr(0, line.find(' '));
    words.push_back({word, column});
    more = word.size() < line.size();
    line.remove_prefix(more ? word.size() + 1 : word.size());
    column += static_cast<unsigned>(word.size()) + 1;
  }
  return words;
}

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

RuleProblem name_problem(std::string_view name) {
  if (name.empty()) return "a user without a name, which two blanks in a row would define; write: user <name> <rules>";
  if (name.size() > kMaxNameBytes) return "the user's name is longer than 1024 bytes; write a shorter one";
  if (std::any_of(name.begin(), name.end(), [](char byte) { return is_control(byte) || is_blank(byte); }))
    return "blanks, tabs and control bytes have no place in a user's name; write a name without them";
  return std::nullopt;
}

// What keeps a line from being read at all.
RuleProblem line_problem(std::string_view line, std::string_view keyword) {
  if (line.starts_with(kByteOrderMark)) return "the file begins with a byte order mark; save it as plain UTF-8 without one";
  if (line.front() == '#') return "comments are not part of the ACL file language; remove the line";
  if (keyword == "user") return std::nullopt;
  if (protocol::equals_any_case(keyword, "user")) return "the keyword is 'user' in lower case; write: user <name> <rules>";
  return "a line begins with the keyword 'user'; write: user <name> <rules>";
}

// Reads a whole file; every line is looked at, however many before it were wrong.
class FileReader {
 public:
  void read_line(std::string_view line, unsigned number);
  PrincipalsResult finish();

 private:
  void read_user(std::span<const RuleWord> words, unsigned number);
  void report(unsigned line, unsigned column, std::string what) { errors_.errors.push_back({line, column, std::move(what)}); }

  std::vector<Principal> principals_;
  std::unordered_map<std::string, unsigned> lines_;  // name → the line that defined it
  PolicyErrors errors_;
};

void FileReader::read_line(std::string_view line, unsigned number) {
  const std::string_view text = trimmed(line);
  if (text.empty()) return;
  const auto column_of = [&](std::size_t offset) { return static_cast<unsigned>(offset) + 1; };
  if (const std::size_t nul = line.find('\0'); nul != std::string_view::npos)
    return report(number, column_of(nul), "NUL bytes are not part of the ACL file language; remove them");
  const std::vector<RuleWord> words = split_words(text, column_of(static_cast<std::size_t>(text.data() - line.data())));
  if (RuleProblem problem = line_problem(text, words.front().text)) return report(number, words.front().column, std::move(*problem));
  if (words.size() == 1) return report(number, words.front().column, "the name of the user is missing; write: user <name> <rules>");
  read_user(std::span(words).subspan(1), number);
}

void FileReader::read_user(std::span<const RuleWord> words, unsigned number) {
  if (words.front().text.empty()) {
    report(number, words.front().column, *name_problem({}));
    while (words.front().text.empty()) words = words.subspan(1);  // the line does not end with a blank
  }
  const std::string name(words.front().text);
  if (RuleProblem problem = name_problem(name)) {
    report(number, words.front().column, std::move(*problem));
  } else if (const auto [first, is_new] = lines_.emplace(name, number); !is_new) {
    report(number, words.front().column,
           "user " + quote(name) + " is already defined on line " + std::to_string(first->second) + "; put all its rules on one line");
  }
  PrincipalBuilder builder(name, number);
  RuleReader(builder, number, errors_.errors).read(words.subspan(1));
  principals_.push_back(builder.build());
}

// A file that does not speak of `default` must not leave it with the server's built-in power.
PrincipalsResult FileReader::finish() {
  if (!errors_.errors.empty()) return std::move(errors_);
  if (!lines_.contains("default")) principals_.push_back(PrincipalBuilder("default", 0).build());
  std::sort(principals_.begin(), principals_.end(), [](const Principal& a, const Principal& b) { return a.name() < b.name(); });
  return std::move(principals_);
}

}  // namespace

PrincipalsResult parse_policy(std::string_view text) {
  FileReader reader;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    reader.read_line(line, number);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return reader.finish();
}

boost::system::result<Principal, PolicyErrors> parse_user(std::string_view name, const std::vector<std::string>& rules) {
  PolicyErrors errors;
  if (RuleProblem problem = name_problem(name)) errors.errors.push_back({1, 1, std::move(*problem)});
  std::vector<RuleWord> words;
  unsigned column = 1;
  for (const std::string& rule : rules) {
    words.push_back({rule, column});
    column += static_cast<unsigned>(rule.size()) + 1;
  }
  PrincipalBuilder builder(std::string(name), 1);
  RuleReader(builder, 1, errors.errors).read(words);
  if (!errors.errors.empty()) return errors;
  return builder.build();
}

}  // namespace respgate::acl
