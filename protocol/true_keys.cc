#include "protocol/true_keys.h"

#include <cstdint>
#include <optional>

#include "protocol/numkeys.h"
#include "protocol/text.h"

namespace respgate::protocol {
namespace {

constexpr std::string_view kSyntax = "ERR syntax error";
constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";

// Adds keys to those the server sees, leaving out what is there with the same access.
class KeyUnion {
 public:
  explicit KeyUnion(std::vector<KeyRef>& keys) : keys_(keys), seen_(keys.size()) {}

  void add(std::size_t arg, Access access) {
    if (!server_sees(arg, access)) keys_.push_back({static_cast<std::uint32_t>(arg), access, true});
  }

 private:
  // Looks at few places only: a hostile request may name very many keys.  To check a key twice is harmless.
  bool server_sees(std::size_t arg, Access access) const {
    constexpr std::size_t kFew = 4;
    for (std::size_t i = 0; i < seen_ && i < kFew; ++i) {
      if (covers(keys_[i], arg, access)) return true;
    }
    if (seen_ == 0 || arg < keys_[0].arg) return false;
    const std::size_t in_a_row = arg - keys_[0].arg;  // where it would be if all were neighbours
    return in_a_row < seen_ && covers(keys_[in_a_row], arg, access);
  }
  static bool covers(const KeyRef& key, std::size_t arg, Access access) { return key.arg == arg && (key.access | access) == key.access; }

  std::vector<KeyRef>& keys_;
  const std::size_t seen_;
};

// Goes through the arguments of a command from its first option on.
class OptionWalk {
 public:
  OptionWalk(Args args, std::size_t first) : args_(args), at_(first) {}

  bool done() const { return at_ >= args_.size(); }
  std::size_t left() const { return args_.size() - at_ - 1; }  // behind the present word
  // Is the present word this option, with as many operands as it needs?
  bool is(std::string_view word, std::size_t operands = 0) const { return is_option(args_[at_], word) && left() >= operands; }
  std::size_t operand(std::size_t nth = 1) const { return at_ + nth; }
  std::string_view operand_text(std::size_t nth = 1) const { return args_[at_ + nth]; }
  void pass(std::size_t operands = 0) { at_ += 1 + operands; }

 private:
  Args args_;
  std::size_t at_;
};

// BY a pattern and GET read keys that the request does not name.
Reach reach_of_pattern(const OptionWalk& walk) {
  if (walk.is("GET", 1)) return Reach::kAnyKeyGet;
  const std::string_view pattern = walk.operand_text();
  return pattern.substr(0, pattern.find('\0')).find('*') == std::string_view::npos ? Reach::kNamed : Reach::kAnyKeyBy;
}

bool is_limit_in_order(const OptionWalk& walk) {
  return parse_strict_integer(walk.operand_text(1)).has_value() && parse_strict_integer(walk.operand_text(2)).has_value();
}

// The server stops at the first thing it does not like, so the first decides which error it is.
TrueReading read_sort(Args args, bool may_store, KeyUnion& keys) {
  TrueReading reading;
  for (OptionWalk walk(args, 2); !walk.done();) {
    if (walk.is("ASC") || walk.is("DESC") || walk.is("ALPHA")) {
      walk.pass();
    } else if (walk.is("LIMIT", 2)) {
      if (!is_limit_in_order(walk)) {
        reading.refusal = kNotAnInteger;
        return reading;
      }
      walk.pass(2);
    } else if (may_store && walk.is("STORE", 1)) {
      keys.add(walk.operand(), Access::kWrite);
      walk.pass(1);
    } else if (walk.is("BY", 1) || walk.is("GET", 1)) {
      if (reading.reach == Reach::kNamed) reading.reach = reach_of_pattern(walk);
      walk.pass(1);
    } else {
      reading.refusal = kSyntax;
      return reading;
    }
  }
  return reading;
}

// The last STORE or STOREDIST wins; every one is asked for.
void read_georadius(const CommandSpec& spec, Args args, KeyUnion& keys) {
  keys.add(1, Access::kRead);
  constexpr std::string_view kByMember = "georadiusbymember";
  for (OptionWalk walk(args, spec.name == kByMember ? 5 : 6); !walk.done();) {
    const bool stores = walk.is("STORE", 1) || walk.is("STOREDIST", 1);
    if (stores) keys.add(walk.operand(), Access::kWrite);
    walk.pass(stores || walk.is("COUNT", 1) ? 1 : 0);
  }
}

// Remembers the first fault of the options before STREAMS.
class XReadFaults {
 public:
  void check_count(std::string_view text) {
    if (!parse_strict_integer(text)) note(kNotAnInteger);
  }
  void check_block(std::string_view text) {
    const std::optional<std::int64_t> timeout = parse_strict_integer(text);
    if (!timeout) note("ERR timeout is not an integer or out of range");
    if (timeout && *timeout < 0) note("ERR timeout is negative");
  }
  // The error for a request whose keys are in doubt: `otherwise`, unless the server would have stopped before.
  std::string_view first_or(std::string_view otherwise) const { return first_.empty() ? otherwise : first_; }

 private:
  void note(std::string_view fault) {
    if (first_.empty()) first_ = fault;
  }
  std::string_view first_;
};

std::string_view read_streams(const OptionWalk& walk, const XReadFaults& faults, KeyUnion& keys) {
  if (walk.left() % 2 != 0) {
    return faults.first_or("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
  }
  for (std::size_t i = 1; i <= walk.left() / 2; ++i) keys.add(walk.operand(i), Access::kRead);
  return {};
}

// A group or a consumer may be called "streams".  CLAIM, MAXCOUNT and MAXSIZE came with Redis 8.
std::string_view read_xread(Args args, bool is_group_read, KeyUnion& keys) {
  XReadFaults faults;
  for (OptionWalk walk(args, 1); !walk.done();) {
    if (walk.is("BLOCK", 1)) {
      faults.check_block(walk.operand_text());
      walk.pass(1);
    } else if (walk.is("COUNT", 1)) {
      faults.check_count(walk.operand_text());
      walk.pass(1);
    } else if (walk.is("STREAMS", 1)) {
      return read_streams(walk, faults, keys);
    } else if (walk.is("GROUP", 2)) {
      if (!is_group_read) return faults.first_or("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
      walk.pass(2);
    } else if (walk.is("NOACK")) {
      if (!is_group_read) return faults.first_or("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
      walk.pass();
    } else if (walk.is("CLAIM", 1) || walk.is("MAXCOUNT", 1) || walk.is("MAXSIZE", 1)) {
      walk.pass(1);
    } else {
      return faults.first_or(kSyntax);
    }
  }
  return faults.first_or(kSyntax);
}

std::string_view read_migrate(Args args) {
  for (OptionWalk walk(args, 6); !walk.done();) {
    if (walk.is("COPY") || walk.is("REPLACE")) {
      walk.pass();
    } else if (walk.is("AUTH", 1)) {
      walk.pass(1);
    } else if (walk.is("AUTH2", 2)) {
      walk.pass(2);
    } else if (walk.is("KEYS")) {
      return args[3].empty() ? "" : "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";
    } else {
      return kSyntax;
    }
  }
  return {};
}

}  // namespace

TrueReading read_true_keys(const CommandSpec& spec, Args args, std::vector<KeyRef>& keys) {
  KeyUnion all(keys);
  switch (spec.key_function) {
    case KeyFunction::kSort: return read_sort(args, true, all);
    case KeyFunction::kSortRo: return read_sort(args, false, all);
    case KeyFunction::kGeoRadius: read_georadius(spec, args, all); return {};
    case KeyFunction::kXRead: return {Reach::kNamed, read_xread(args, spec.has(flag::kWrite), all)};
    case KeyFunction::kMigrate: return {Reach::kNamed, read_migrate(args)};
    default: return {Reach::kNamed, numkeys_fault(spec, args)};
  }
}

}  // namespace respgate::protocol
