#include "proxy/audit/acl_suggestion.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "acl/pattern.h"
#include "acl/policy_parser.h"

namespace respgate::proxy {
namespace {

using Kind = AuditTouch::Kind;
using protocol::Access;

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Access access_of(Kind kind) {
  switch (kind) {
    case Kind::kRead: return Access::kRead;
    case Kind::kWrite: return Access::kWrite;
    case Kind::kReadWrite: return Access::kReadWrite;
    default: return Access::kAny;
  }
}

std::string key_rule(const NamePatterns::Granted& granted) {
  switch (granted.access) {
    case Access::kAny:  // whatever is granted will do
    case Access::kRead: return "%R~" + granted.pattern;
    case Access::kWrite: return "%W~" + granted.pattern;
    case Access::kReadWrite: break;
  }
  // `~*` is every key there is, in whatever way it is reached.
  return (granted.pattern == "*" ? "%RW~" : "~") + granted.pattern;
}

// Does the ACL decide it?  Otherwise a command rule does, or nobody may run it.
bool is_matter_of_the_acl(const AuditRecord& record) {
  using enum AuditEvent::Kind;
  if (record.kind == kAllowed) return true;
  if (record.kind == kObserved) return !record.reason.starts_with("rule ");
  if (record.kind != kDenied) return false;
  constexpr std::string_view kReasons[] = {"command", "key", "channel", "database"};
  return std::find(std::begin(kReasons), std::end(kReasons), record.reason) != std::end(kReasons);
}

bool runs_scripts(const protocol::CommandSpec& spec) { return spec.reach == protocol::Reach::kAnyKey; }

// "@admin @dangerous"; empty: of neither.
std::string harmful_categories(const protocol::CommandSpec& spec) {
  std::string names;
  for (const protocol::Category category : {protocol::Category::kAdmin, protocol::Category::kDangerous})
    if (spec.in(category)) names.append(names.empty() ? "@" : " @").append(protocol::category_name(category));
  return names;
}

std::string counted(std::uint64_t n, std::string_view what) { return std::to_string(n) + " " + std::string(what); }

}  // namespace

void AclObserver::take(const AuditRecord& record) {
  if (record.user.empty() || !is_matter_of_the_acl(record)) return;
  User& user = users_[record.user];
  const bool is_apart = record.kind == AuditEvent::Kind::kDenied && denied_ == Denied::kApart;
  take(record, is_apart ? user.denied : user.allowed);
}

void AclObserver::take(const AuditRecord& record, Traffic& traffic) {
  const protocol::CommandSpec* const spec = protocol::find_command_by_name(record.command);
  if (spec == nullptr) return;
  // Nobody can be without these, and no rule gives or takes them.
  if (!spec->has(protocol::flag::kNoAuth)) traffic.commands.insert(spec->id);
  for (const AuditRecord::Touch& touch : record.touches) take(touch, traffic);
  traffic.left_out += record.touches_left_out;
}

void AclObserver::take(const AuditRecord::Touch& touch, Traffic& traffic) {
  if (touch.kind == Kind::kEveryKey) {
    traffic.reads_every_key = true;
    return;
  }
  if (touch.spelling != AuditRecord::Touch::Name::kPlain) {
    ++traffic.unknown_names;
    return;
  }
  const auto shown = touch.is_cut ? NamePatterns::Shown::kBeginning : NamePatterns::Shown::kWhole;
  const bool is_channel_pattern = touch.kind == Kind::kChannelPattern;
  const bool is_unwritable = touch.name.empty() || (is_channel_pattern && (touch.is_cut || !is_printable(touch.name)));
  if (is_unwritable) {
    ++traffic.unwritable;
  } else if (is_channel_pattern) {
    traffic.channel_patterns.insert(touch.name);
  } else if (touch.kind == Kind::kChannel) {
    traffic.channels.add(touch.name, shown, Access::kAny);
  } else {
    traffic.keys.add(touch.name, shown, access_of(touch.kind));
  }
}

// "-@all +get +set ~app:* &news", each once.
std::string AclObserver::rules_of(const Traffic& traffic) {
  std::string rules = "-@all";
  for (const protocol::CommandId id : traffic.commands) rules.append(" +").append(protocol::command(id).name);
  if (traffic.reads_every_key) rules += " %R~*";
  for (const NamePatterns::Granted& key : traffic.keys.patterns()) {
    const bool is_there = traffic.reads_every_key && (key.access == Access::kRead || key.access == Access::kAny);
    if (!is_there) rules.append(" ").append(key_rule(key));
  }
  std::set<std::string> channels = traffic.channel_patterns;
  for (const NamePatterns::Granted& channel : traffic.channels.patterns()) channels.insert(channel.pattern);
  if (channels.contains("*")) channels = {"*"};  // behind it, others would be an error
  for (const std::string& channel : channels) rules.append(" &").append(channel);
  return rules;
}

// That somebody did it is no reason that he should be able to.
void AclObserver::note_harm(const Traffic& traffic, std::vector<std::string>& notes) {
  std::string rules;
  for (const protocol::CommandId id : traffic.commands) {
    const std::string categories = harmful_categories(protocol::command(id));
    if (!categories.empty())
      rules.append(rules.empty() ? "+" : ", +").append(protocol::command(id).name).append(" (").append(categories).append(")");
  }
  if (!rules.empty()) notes.push_back("the line gives " + rules + ": take out what this user should not be able to do");
}

void AclObserver::note_gaps(const Traffic& traffic, std::vector<std::string>& notes) {
  if (traffic.unknown_names > 0) {
    notes.push_back(counted(traffic.unknown_names,
                            "names of keys and channels are hashed or left out in the file, so no pattern can be "
                            "suggested for them: record with audit.keys: plain"));
  }
  if (traffic.left_out > 0) notes.push_back(counted(traffic.left_out, "keys and channels were not recorded, of commands with very many"));
  if (traffic.unwritable > 0)
    notes.push_back(counted(traffic.unwritable, "names cannot be written as a rule of their own: empty keys, or patterns with blanks"));
  const bool has_scripts = std::any_of(traffic.commands.begin(), traffic.commands.end(),
                                       [](protocol::CommandId id) { return runs_scripts(protocol::command(id)); });
  if (has_scripts) notes.emplace_back("scripts and functions need commands.scripts besides");
}

std::vector<AclSuggestion> AclObserver::suggest() const {
  std::vector<AclSuggestion> all;
  for (const auto& [name, user] : users_) {
    AclSuggestion one{name, "", {}};
    const bool has_traffic = !user.allowed.commands.empty();
    const std::string line = "user " + name + " on resetchannels " + rules_of(user.allowed);
    if (!is_printable(name)) {
      one.notes.emplace_back("a name with blanks or bytes beyond ASCII: no line is written for it");
    } else if (has_traffic && acl::parse_policy(line)) {
      one.line = line;
      note_harm(user.allowed, one.notes);
    } else if (has_traffic) {
      one.notes.emplace_back("what was seen makes no line of users.acl");
    }
    note_gaps(user.allowed, one.notes);
    if (!user.denied.commands.empty())
      one.notes.push_back("denied, and not in the line: " + rules_of(user.denied).substr(std::string_view("-@all ").size()));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace respgate::proxy
