#include "proxy/cli/explanation.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "acl/deciding_rule.h"
#include "protocol/command_parser.h"
#include "protocol/targets.h"
#include "protocol/text.h"
#include "proxy/gate/gate.h"
#include "proxy/gate/verdict.h"
#include "proxy/server/server_facts.h"

namespace respgate::proxy {
namespace {

using acl::Decision;
using acl::Principal;
using acl::RuleOutcome;
using protocol::Args;
using Refusal = Verdict::Refusal;

// As redis-cli would take it: plain, or in double quotes with escapes.
std::string shell_word(std::string_view word) {
  const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\'; };
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, c);
    else if (byte >= ' ' && byte <= '~')
      out += c;
    else
      out.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
  }
  return out + "\"";
}

std::string shell_words(Args words) {
  std::string out;
  for (std::string_view word : words) out += (out.empty() ? "" : " ") + shell_word(word);
  return out;
}

std::string at(const Config& config, Position place) {
  return config.file.string() + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string_view access_name(protocol::Access access) {
  switch (access) {
    case protocol::Access::kRead: return "reading";
    case protocol::Access::kWrite: return "writing";
    case protocol::Access::kReadWrite: return "reading and writing";
    case protocol::Access::kAny: break;
  }
  return "any access";
}

// "own rules: -@dangerous, selector 1: -@all": of each selector, the last rule about the command.
std::string command_rules_about(const Principal& principal, const protocol::CommandSpec& spec, Args args) {
  std::string out;
  for (std::size_t i = 0; i < principal.selectors().size(); ++i) {
    out += i == 0 ? "own rules: " : ", selector " + std::to_string(i) + ": ";
    out += shell_word(acl::deciding_command_rule(principal.selectors()[i], spec, args));
  }
  return out;
}

// "argument 1, orders:1 (for writing; %R~orders:* fits it)"
std::string refused_argument(const Verdict& verdict, const Principal& principal, const protocol::Targets& targets) {
  const std::uint32_t arg = verdict.decision.arg;
  std::string out = "argument " + std::to_string(arg);
  if (arg >= verdict.args.size()) return out;
  const std::string_view word = verdict.args[arg];
  out += ", " + shell_word(word);
  const auto key =
      std::find_if(targets.keys().begin(), targets.keys().end(), [&](const protocol::KeyRef& each) { return each.arg == arg; });
  if (verdict.decision.reason != Decision::Reason::kKey || key == targets.keys().end()) return out;
  out.append(" (for ").append(access_name(key->access));
  for (const acl::Selector& selector : principal.selectors()) {
    if (!acl::deciding_command_rule(selector, *verdict.spec, verdict.args).starts_with('+')) continue;
    const std::string rule = acl::insufficient_key_rule(selector, word, key->access);
    if (!rule.empty()) return out + "; " + shell_word(rule) + " is for less)";
  }
  return out + "; no pattern fits it)";
}

// What a selector has to grant and none does.
std::string missing_right(const Verdict& verdict, const Principal& principal, const protocol::Targets& targets) {
  const Decision& decision = verdict.decision;
  const std::string argument = refused_argument(verdict, principal, targets);
  switch (decision.detail) {
    case Decision::Detail::kSortBy: return "key: SORT BY needs a selector that may read every key";
    case Decision::Detail::kSortGet: return "key: SORT GET needs a selector that may read every key";
    case Decision::Detail::kScript: return "command: scripts and functions are limited (commands.scripts)";
    case Decision::Detail::kKeyspaceNames: return "key: names of all keys need a selector with all keys (commands.keyspace)";
    case Decision::Detail::kTargets: return "key: what the command would touch cannot be worked out";
    case Decision::Detail::kNone: break;
  }
  switch (decision.reason) {
    case Decision::Reason::kCommand:
      return "command: no selector grants it (" + command_rules_about(principal, *verdict.spec, verdict.args) + ")";
    case Decision::Reason::kKey: return "key: no selector that grants the command grants " + argument;
    case Decision::Reason::kChannel: return "channel: no selector that grants the command grants " + argument;
    case Decision::Reason::kDatabase: return "database: no selector that grants the command grants the database";
    case Decision::Reason::kAllowed: break;
  }
  return "granted";
}

// Each rule once, in the order in which the arguments need them.
void add_rule(std::string rule, std::vector<std::string>& rules) {
  if (!rule.empty() && std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(std::move(rule));
}

// "granted by the user's own rules: +@all ~app:*"
std::string granted_by(const Verdict& verdict, const Principal& principal, const protocol::Targets& targets) {
  const auto index = static_cast<std::size_t>(std::max<int>(verdict.decision.selector, 0));
  const acl::Selector& selector = principal.selectors()[index];
  std::vector<std::string> rules;
  if (!verdict.spec->has(protocol::flag::kNoAuth)) add_rule(acl::deciding_command_rule(selector, *verdict.spec, verdict.args), rules);
  for (const protocol::KeyRef& key : targets.keys()) add_rule(acl::granting_key_rule(selector, verdict.args[key.arg], key.access), rules);
  for (const protocol::ChannelRef& channel : targets.channels())
    add_rule(acl::granting_channel_rule(selector, verdict.args[channel.arg], channel.is_pattern), rules);
  if (rules.empty()) return "no grant is needed";
  const std::vector<std::string_view> words(rules.begin(), rules.end());
  const std::string by = index == 0 ? "the user's own rules" : "selector " + std::to_string(index) + ", counted from the left";
  return "granted by " + by + ": " + shell_words(words);
}

// The first line of an error reply, without its mark.
std::string_view error_text(std::string_view answer) {
  answer = answer.substr(0, answer.find("\r\n"));
  if (answer.starts_with('-')) answer.remove_prefix(1);
  return answer;
}

class Explainer {
 public:
  Explainer(const Config& config, const acl::PolicyPtr& policy, const Principal& principal, std::size_t listener)
      : config_(config), policy_(policy), principal_(principal), listener_(listener) {}

  Explanation explain(Args args) {
    say_user();
    if (const std::string why = login_problem(); !why.empty()) {
      say("login", why);
      return finish(false, args);
    }
    protocol::TargetFinder finder;
    const ServerFacts facts = server_facts(config_);
    Gate gate(client(), finder, facts);
    const Verdict verdict = gate.admit({args, args.size(), {}, false}, {});
    say_rename(args);
    if (verdict.spec != nullptr) say_rule(verdict.rule);
    if (verdict.spec != nullptr && verdict.refusal != Refusal::kRule && verdict.refusal != Refusal::kWrongCall) say_acl(verdict);
    say_outcome(verdict);
    return finish(verdict.refusal == Refusal::kNone, args);
  }

 private:
  void say(std::string_view topic, std::string_view what) { lines_.append("  ").append(topic).append(": ").append(what).append("\n"); }

  void say_user() {
    const std::string where =
        principal_.line() == 0 ? config_.users_file + " has no line for it" : config_.users_file + ":" + std::to_string(principal_.line());
    say("user", shell_word(principal_.name()) + " (" + where + ")");
  }

  std::string login_problem() const {
    const std::string& group = config_.listeners[listener_].user_group;
    if (!principal_.is_enabled()) return "the user is off: nobody can log in as it";
    if (group.empty() || policy_->is_member(group, principal_.name())) return "";
    return "listener " + config_.listeners[listener_].name + " only admits members of group " + group + " (" +
           at(config_, config_.places.of("listeners[" + std::to_string(listener_) + "].user_group")) + ")";
  }

  ClientState client() const {
    const ListenerConfig& listener = config_.listeners[listener_];
    ClientState client;
    client.listener = listener_;
    client.listener_name = listener.name;
    client.local = listener.address.text;
    client.born_as = principal_.name();
    client.group = listener.user_group;
    client.policy = policy_;
    return client;
  }

  void say_rename(Args args) {
    for (const acl::RenameText& rename : config_.commands.rename) {
      const bool is_new_name = !rename.to.empty() && protocol::equals_any_case(rename.to, args[0]);
      if (is_new_name || protocol::equals_any_case(rename.from, args[0])) say("rename", describe(rename));
    }
  }

  std::string describe(const acl::RenameText& rename) const {
    const std::string new_name = rename.to.empty() ? "nothing: it is gone" : shell_word(rename.to);
    return rename.from + " is called " + new_name + " (" + at(config_, config_.places.of_key("commands.rename." + rename.from)) + ")";
  }

  void say_rule(const RuleOutcome& rule) {
    if (rule.kind == RuleOutcome::Kind::kNone) return say("rule", "none matches");
    const std::string path = "commands.rules[" + std::to_string(rule.rule) + "]";
    std::string what = std::to_string(rule.rule + 1) + " (" + at(config_, config_.places.of(path)) + "): ";  // from 1, as in the audit
    what += acl::rule_action_name(config_.commands.rules[static_cast<std::size_t>(rule.rule)].action);
    if (rule.kind == RuleOutcome::Kind::kRewrite) {
      const std::vector<std::string_view> words(rule.replacement.begin(), rule.replacement.end());
      what += " to " + shell_words(words);
    }
    say("rule", what);
  }

  void say_acl(const Verdict& verdict) {
    protocol::TargetFinder finder;
    const protocol::Targets& targets = finder.find(*verdict.spec, verdict.args);
    std::string what = verdict.decision.allowed() ? granted_by(verdict, principal_, targets) : missing_right(verdict, principal_, targets);
    if (verdict.observed) what += "; enforcement is observe, so it is counted and let through";
    say("acl", what);
  }

  void say_outcome(const Verdict& verdict) {
    if (verdict.refusal != Refusal::kNone) return say("reply", error_text(verdict.answer));
    if (verdict.kind == Verdict::Kind::kForward)
      return say("upstream", shell_words(verdict.args) + (verdict.pinned ? " (on a lane of the session's own)" : ""));
    if (verdict.kind == Verdict::Kind::kSelect) return say("upstream", "a lane of database " + std::to_string(verdict.database));
    say("upstream", "nothing: respgate answers by itself");
  }

  Explanation finish(bool allowed, Args args) {
    return {allowed, (allowed ? "allowed: " : "denied: ") + shell_words(args) + "\n" + lines_};
  }

  const Config& config_;
  const acl::PolicyPtr& policy_;
  const Principal& principal_;
  const std::size_t listener_;
  std::string lines_;
};

}  // namespace

boost::system::result<Explanation, std::string> explain(const Config& config, const acl::PolicyPtr& policy, const ExplainOptions& options) {
  const Principal* principal = policy->find(options.user);
  if (!principal) return "unknown user " + quote(options.user) + ": write one of those in " + config.users_file;
  const auto named = [&](const ListenerConfig& candidate) { return options.listener.empty() || candidate.name == options.listener; };
  const auto listener = std::find_if(config.listeners.begin(), config.listeners.end(), named);
  if (listener == config.listeners.end())
    return "unknown listener " + quote(options.listener) + ": write the name of one in " + config.file.string();
  const std::vector<std::string_view> args(options.command.begin(), options.command.end());
  return Explainer(config, policy, *principal, static_cast<std::size_t>(listener - config.listeners.begin())).explain(args);
}

}  // namespace respgate::proxy
