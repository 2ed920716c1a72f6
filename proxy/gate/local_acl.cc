// ACL: what the proxy's own policy says.  Users are changed in users.acl, not here.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/rand.h>

#include "acl/authorizer.h"
#include "protocol/hex.h"
#include "protocol/reply_writer.h"
#include "protocol/targets.h"
#include "protocol/text.h"
#include "proxy/gate/local_parts.h"

namespace respgate::proxy {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHelp[] = {
    "CAT [<category>]"sv,
    "    The categories of commands, or the commands of one."sv,
    "DRYRUN <username> <command> [<arg> ...]"sv,
    "    Whether a user may run a command, without running it."sv,
    "GENPASS [<bits>]"sv,
    "    A random password of so many bits (256), as hexadecimal digits."sv,
    "GETUSER <username>"sv,
    "    What a user was granted; password hashes are not shown."sv,
    "LIST"sv,
    "    Every user as a line of users.acl, without password hashes."sv,
    "LOG [<count> | RESET]"sv,
    "    What was refused lately, newest first, or: forget it."sv,
    "USERS"sv,
    "    The names of all users."sv,
    "WHOAMI"sv,
    "    The name of the user this connection is logged in as."sv,
};

constexpr std::size_t kDefaultPasswordBits = 256;
constexpr std::int64_t kMaxPasswordBits = 4096;
constexpr std::size_t kQuotedBytes = 128;

void answer_whoami(const LocalCall& call, std::string& out) { protocol::append_bulk(out, call.client.principal->name()); }

void answer_users(const LocalCall& call, std::string& out) {
  const auto principals = call.client.policy->principals();
  protocol::append_array(out, principals.size());
  for (const acl::Principal& principal : principals) protocol::append_bulk(out, principal.name());
}

void answer_list(const LocalCall& call, std::string& out) {
  const auto principals = call.client.policy->principals();
  protocol::append_array(out, principals.size());
  for (const acl::Principal& principal : principals) protocol::append_bulk(out, acl::describe(principal, acl::Hashes::kHide));
}

// One pair of a map whose value is text.
void append_field(std::string_view name, std::string_view value, std::string& out) {
  protocol::append_bulk(out, name);
  protocol::append_bulk(out, value);
}

void append_user_flags(const LocalCall& call, const acl::Principal& user, std::string& out) {
  std::vector<std::string_view> flags{user.is_enabled() ? "on" : "off"};
  if (user.accepts_any_password()) flags.emplace_back("nopass");
  // 7.0 names only the exception.
  const bool names_both = call.client.policy->options().texts != acl::ServerTexts::kRedis70;
  if (!user.sanitizes_payload()) flags.emplace_back("skip-sanitize-payload");
  if (user.sanitizes_payload() && names_both) flags.emplace_back("sanitize-payload");
  protocol::append_bulk(out, "flags");
  protocol::append_set(out, call.client.resp, flags.size());
  for (const std::string_view flag : flags) protocol::append_bulk(out, flag);
}

void append_passwords(const acl::Principal& user, std::string& out) {
  protocol::append_bulk(out, "passwords");
  protocol::append_array(out, user.passwords().size());
  for (std::size_t i = 0; i < user.passwords().size(); ++i) protocol::append_bulk(out, "(redacted)");
}

// `db=` is a word of Valkey 9.1: only users who have it show it.
bool limits_databases(const acl::Principal& user) {
  for (const acl::Selector& selector : user.selectors()) {
    if (!selector.grants_all_databases()) return true;
  }
  return false;
}

// The three or four pairs in which a selector is told.
void append_selector(const acl::Selector& selector, bool with_databases, std::string& out) {
  append_field("commands", selector.command_rules(), out);
  append_field("keys", acl::describe_keys(selector), out);
  append_field("channels", acl::describe_channels(selector), out);
  if (with_databases) append_field("databases", acl::describe_databases(selector), out);
}

void answer_getuser(const LocalCall& call, std::string& out) {
  const acl::Principal* user = call.client.policy->find(call.args[2]);
  if (user == nullptr) return protocol::append_null(out, call.client.resp);
  const bool with_databases = limits_databases(*user);
  const std::size_t pairs = with_databases ? 4 : 3;
  protocol::append_map(out, call.client.resp, pairs + 3);
  append_user_flags(call, *user, out);
  append_passwords(*user, out);
  append_selector(user->selectors().front(), with_databases, out);
  const auto further = user->selectors().subspan(1);
  protocol::append_bulk(out, "selectors");
  protocol::append_array(out, further.size());
  for (const acl::Selector& selector : further) {
    protocol::append_map(out, call.client.resp, pairs);
    append_selector(selector, with_databases, out);
  }
}

void list_categories(std::string& out) {
  protocol::append_array(out, protocol::kCategoryCount);
  for (std::size_t i = 0; i < protocol::kCategoryCount; ++i) {
    protocol::append_bulk(out, protocol::category_name(static_cast<protocol::Category>(i)));
  }
}

void list_category(std::string_view name, std::string& out) {
  const std::optional<protocol::Category> category = protocol::find_category(name);
  if (!category) {
    return protocol::append_error(out, "ERR Unknown category '" + std::string(name.substr(0, kQuotedBytes)) + "'");
  }
  std::vector<std::string_view> names;
  for (const protocol::CommandSpec& spec : protocol::all_commands()) {
    if (spec.in(*category)) names.push_back(spec.name);
  }
  protocol::append_array(out, names.size());
  for (const std::string_view each : names) protocol::append_bulk(out, each);
}

void answer_cat(const LocalCall& call, std::string& out) {
  if (call.args.size() == 2) return list_categories(out);
  if (call.args.size() == 3) return list_category(call.args[2], out);
  append_wrong_arguments(call, out);
}

// `digits` hexadecimal digits from the system's generator; empty when it has none to give.
std::string random_hex(std::size_t digits) {
  std::vector<std::uint8_t> bytes((digits + 1) / 2);
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  return protocol::to_hex(bytes).substr(0, digits);
}

void append_password(std::size_t bits, std::string& out) {
  const std::string password = random_hex((bits + 3) / 4);
  if (password.empty()) return protocol::append_error(out, "ERR respgate: no random numbers to be had");
  protocol::append_bulk(out, password);
}

void answer_genpass(const LocalCall& call, std::string& out) {
  if (call.args.size() > 3) return append_wrong_arguments(call, out);
  if (call.args.size() == 2) return append_password(kDefaultPasswordBits, out);
  const std::optional<std::int64_t> bits = protocol::parse_strict_integer(call.args[2]);
  if (!bits) return protocol::append_error(out, "ERR value is not an integer or out of range");
  if (*bits < 1 || *bits > kMaxPasswordBits) {
    return protocol::append_error(out,
                                  "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number "
                                  "up to 4096");
  }
  append_password(static_cast<std::size_t>(*bits), out);
}

// A command as it would go on to the ACL: found under the names in force, rewritten by the rules.
struct Trial {
  const acl::Principal& user;
  const protocol::CommandSpec& spec;
  protocol::Args args;
};

// Empty: allowed.  Otherwise why not, in the words of a refusal without its code.
std::string refusal_of(const LocalCall& call, const Trial& trial) {
  const acl::Policy& policy = *call.client.policy;
  protocol::TargetFinder finder;
  const protocol::Targets& targets = finder.find(trial.spec, trial.args);
  const acl::Decision decision = acl::authorize(trial.user, trial.spec, trial.args, targets, policy.options(), call.client.database);
  if (!decision.allowed()) return acl::dryrun_text(decision, trial.user, trial.spec, trial.args, policy.options().texts);
  if (trial.spec.dispatch != protocol::Dispatch::kRefused) return {};
  return "respgate: '" + std::string(trial.spec.name) + "' is not available through the proxy";
}

void append_verdict(const LocalCall& call, const Trial& trial, std::string& out) {
  if (!trial.spec.arity_fits(trial.args.size())) {
    return protocol::append_error(out, "ERR wrong number of arguments for '" + std::string(trial.spec.name) + "' command");
  }
  const std::string refusal = refusal_of(call, trial);
  if (refusal.empty()) return protocol::append_simple(out, "OK");
  protocol::append_bulk(out, refusal);
}

std::string blocked_text(const protocol::CommandSpec& spec, std::string_view message) {
  std::string text = "respgate: '" + std::string(spec.name) + "' is blocked by policy";
  if (!message.empty()) text.append(": ").append(message);
  return text;
}

// REQUIRES: outcome is a rewrite.
void append_verdict_on_rewrite(const LocalCall& call, const acl::Principal& user, const acl::RuleOutcome& outcome, std::string& out) {
  const std::vector<std::string_view> words(outcome.replacement.begin(), outcome.replacement.end());
  const protocol::CommandLookup found = protocol::find_command(words);
  if (found.status != protocol::CommandLookup::Status::kFound) {
    return protocol::append_bulk(out, "respgate: the rule for this command writes an unknown one");
  }
  append_verdict(call, {user, *found.spec, words}, out);
}

void answer_dryrun(const LocalCall& call, std::string& out) {
  const acl::Policy& policy = *call.client.policy;
  const acl::Principal* user = policy.find(call.args[2]);
  if (user == nullptr) {
    return protocol::append_error(out, "ERR User '" + std::string(call.args[2].substr(0, kQuotedBytes)) + "' not found");
  }
  const protocol::Args tried = call.args.subspan(3);
  const protocol::CommandLookup found = policy.rules().find(tried);
  if (found.status != protocol::CommandLookup::Status::kFound) {
    return protocol::append_error(out, "ERR Command '" + std::string(tried[0].substr(0, kQuotedBytes)) + "' not found");
  }
  const acl::RuleOutcome outcome = policy.rules().apply(*user, *found.spec);
  switch (outcome.kind) {
    case acl::RuleOutcome::Kind::kDeny: return protocol::append_bulk(out, blocked_text(*found.spec, outcome.message));
    case acl::RuleOutcome::Kind::kRewrite: return append_verdict_on_rewrite(call, *user, outcome, out);
    case acl::RuleOutcome::Kind::kNone:
    case acl::RuleOutcome::Kind::kObserve: return append_verdict(call, {*user, *found.spec, tried}, out);
  }
}

void answer_changing(const LocalCall&, std::string& out) {
  protocol::append_error(out,
                         "ERR respgate: users are managed in users.acl; change that file and have it loaded (SIGHUP, or POST /reload "
                         "on the admin port)");
}

void answer_help(const LocalCall& call, std::string& out) { append_help(call, kHelp, out); }

constexpr LocalHandler kHandlers[] = {
    {"acl|log", answer_acl_log},     {"acl|whoami", answer_whoami},    {"acl|list", answer_list},        {"acl|users", answer_users},
    {"acl|getuser", answer_getuser}, {"acl|cat", answer_cat},          {"acl|dryrun", answer_dryrun},    {"acl|genpass", answer_genpass},
    {"acl|help", answer_help},       {"acl|setuser", answer_changing}, {"acl|deluser", answer_changing}, {"acl|load", answer_changing},
    {"acl|save", answer_changing},
};

}  // namespace

void answer_acl(const LocalCall& call, std::string& out) { answer_with(kHandlers, call, out); }

}  // namespace respgate::proxy
