#include "proxy/cli/imported_users.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "acl/policy_parser.h"
#include "acl/words.h"
#include "protocol/text.h"
#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

using Login = ImportedUser::Login;

bool is_password_rule(std::string_view rule) {
  return !rule.empty() && std::string_view("><#!").find(rule.front()) != std::string_view::npos;
}

// "+json.get", "-@search": with the parentheses of a selector taken off.
std::string_view command_rule_in(std::string_view word) {
  while (word.starts_with('(')) word.remove_prefix(1);
  while (word.ends_with(')')) word.remove_suffix(1);
  return word.starts_with('+') || word.starts_with('-') ? word : std::string_view();
}

// Only what respgate has no name for at all: a known command with a subcommand that it does not have is refused as well.
bool is_unknown(std::string_view rule) {
  const std::string_view name = rule.substr(1);
  if (name.starts_with('@')) return !protocol::equals_any_case(name, "@all") && !protocol::find_category(name.substr(1));
  if (name.empty() || protocol::find_command_by_name(name) != nullptr) return false;
  const std::size_t bar = name.find('|');
  if (bar == name.npos) return true;
  const protocol::CommandSpec* command = protocol::find_command_by_name(name.substr(0, bar));
  return command == nullptr || command->is_container;
}

// One user's line, and what had to be changed for it.
class Line {
 public:
  explicit Line(ImportedUser user) : user_(std::move(user)) {}

  // Nothing: users.acl cannot hold it; the notes say why.
  std::optional<std::string> write() {
    drop_unknown_commands();
    if (const std::string* word = word_with_control()) {
      note("is left out: '" + log_text(*word) + "' holds a control byte, which a terminal would obey; write its line by hand");
      return std::nullopt;
    }
    std::string line = "user " + user_.name + " " + state();
    for (const std::string& rule : user_.rules) line += " " + rule;
    const auto parsed = acl::parse_policy(line + "\n");
    if (!parsed) return leave_out(parsed.error());
    const auto self = std::find_if(parsed->begin(), parsed->end(), [&](const acl::Principal& each) { return each.name() == user_.name; });
    // A name with a blank or the end of a line in it would be read as that of somebody else.
    if (self == parsed->end()) {
      note("is left out: there is a blank in its name");
      return std::nullopt;
    }
    tell_of_channels(*self);
    tell_of_login();
    return line;
  }

  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  void note(std::string_view what) { notes_.push_back(described(user_) + ": " + std::string(what)); }

  // Blanks apart: those in a name are told of as such, and there are none in rules.
  const std::string* word_with_control() const {
    const auto holds_control = [](const std::string& word) {
      return std::any_of(word.begin(), word.end(), [](char byte) { return acl::is_control(byte) && !acl::is_blank(byte); });
    };
    if (holds_control(user_.name)) return &user_.name;
    const auto found = std::find_if(user_.rules.begin(), user_.rules.end(), holds_control);
    return found == user_.rules.end() ? nullptr : &*found;
  }

  std::string state() const {
    if (user_.login == Login::kNoPassword) return user_.enabled ? "on nopass" : "off nopass";
    return user_.enabled && user_.login != Login::kUnknownPassword ? "on" : "off";
  }

  void drop_unknown_commands() {
    for (std::string& rule : user_.rules) {
      const std::string_view inner = command_rule_in(rule);
      if (inner.empty() || !is_unknown(inner)) continue;
      note("'" + log_text(inner) + "' is left out: respgate knows no such " +
           (inner.substr(1).starts_with('@') ? "category" : "command, and refuses it"));
      const auto begin = static_cast<std::size_t>(inner.data() - rule.data());
      rule.erase(begin, inner.size());
    }
    std::erase(user_.rules, "");
  }

  std::nullopt_t leave_out(const acl::PolicyErrors& errors) {
    note("is left out, users.acl cannot hold it: " + errors.errors.front().what);
    return std::nullopt;
  }

  void tell_of_channels(const acl::Principal& parsed) {
    const bool has_rule = std::any_of(user_.rules.begin(), user_.rules.end(), [](const std::string& rule) {
      const std::string word = acl::lowered(rule);
      return word.starts_with('&') || word.ends_with("channels");
    });
    const auto can = [&](std::string_view name) {
      return parsed.selectors().front().commands().contains(protocol::find_command_by_name(name)->id);
    };
    if (!has_rule && (can("publish") || can("subscribe")))
      note("no rule about channels, so it gets none: before Redis 7.0 that meant all; add &* if it publishes or subscribes");
  }

  void tell_of_login() {
    if (user_.login == Login::kUnknownPassword)
      note(user_.enabled ? "off: its password is not told; add #HASH (respgate hash-password) and write on"
                         : "off, as it was; its password is not told");
    if (user_.login == Login::kNoPassword && user_.enabled)
      note(user_.name == "default" ? "nopass, as it was: EVERY client is this user before it has said anything; write off"
                                   : "nopass, as it was: EVERY password is right; write a hash (respgate hash-password) instead");
    if (user_.login == Login::kElsewhere) note("logs in with IAM tokens, has no password");
  }

  ImportedUser user_;
  std::vector<std::string> notes_;
};

}  // namespace

std::string described(const ImportedUser& user) {
  return "user '" + log_text(user.name) + "'" + (user.origin.empty() ? "" : " (" + user.origin + ")");
}

std::vector<std::string> rule_words(std::string_view rules) {
  std::vector<std::string> words;
  while (!rules.empty()) {
    const auto end = std::find_if(rules.begin(), rules.end(), acl::is_blank);
    const auto size = static_cast<std::size_t>(end - rules.begin());
    if (size > 0) words.emplace_back(rules.substr(0, size));
    rules.remove_prefix(std::min(rules.size(), size + 1));
  }
  return words;
}

bool take_state(ImportedUser& user) {
  bool nopass = false;
  std::vector<std::string> kept;
  for (std::string& rule : user.rules) {
    const std::string word = acl::lowered(rule);
    if (word == "on" || word == "off")
      user.enabled = word == "on";
    else if (word == "nopass" || word == "resetpass")
      nopass = word == "nopass";
    else
      kept.push_back(std::move(rule));
    if (is_password_rule(word)) nopass = false;
  }
  user.rules = std::move(kept);
  return nopass;
}

ImportResult import_users(std::vector<ImportedUser> users) {
  std::sort(users.begin(), users.end(), [](const ImportedUser& a, const ImportedUser& b) { return a.name < b.name; });
  Import import;
  bool has_default = false;
  for (ImportedUser& user : users) {
    std::string name = user.name;
    Line line(std::move(user));
    if (const auto text = line.write()) {
      import.users_acl += *text + "\n";
      has_default |= name == "default";
      import.names.push_back(std::move(name));
    }
    for (std::string& note : line.take_notes()) import.notes.push_back(std::move(note));
  }
  if (import.users_acl.empty()) {
    import.notes.emplace_back("there is no user left: nothing is printed");
    return ImportProblem{std::move(import.notes)};
  }
  if (!has_default) import.users_acl += "user default off\n";
  if (const auto whole = acl::parse_policy(import.users_acl); !whole) {
    import.notes.push_back("users.acl would not load: " + whole.error().errors.front().what);
    return ImportProblem{std::move(import.notes)};
  }
  return import;
}

}  // namespace respgate::proxy
