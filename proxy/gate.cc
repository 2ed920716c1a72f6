#include "proxy/gate.h"

#include <algorithm>
#include <utility>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/local_commands.h"

namespace respgate::proxy {
namespace {

using protocol::Args;
using protocol::Command;
using protocol::CommandLookup;
using protocol::CommandSpec;
using protocol::Dispatch;
using Refusal = Verdict::Refusal;

constexpr std::size_t kKeptAnswer = 4096;  // room kept for the next
constexpr std::size_t kQuotedBytes = 128;  // of the name, and of all arguments together (Redis 7.0 server.c)

std::string wrong_arity_text(const CommandSpec& spec) {
  return "ERR wrong number of arguments for '" + std::string(spec.name) + "' command";
}

std::string unavailable_text(const CommandSpec& spec) {
  return "ERR respgate: '" + std::string(spec.name) + "' is not available through the proxy";
}

std::string rule_text(const CommandSpec& spec, std::string_view message) {
  std::string text = "NOPERM respgate: '" + std::string(spec.name) + "' is blocked by policy";
  if (!message.empty()) text.append(": ").append(message);
  return text;
}

std::string unknown_text(const CommandLookup& lookup, Args args) {
  if (lookup.status == CommandLookup::Status::kUnknownCommand) return unknown_command_text(args);
  std::string container(lookup.spec->name);
  for (char& c : container)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return "ERR unknown subcommand '" + std::string(args[1].substr(0, kQuotedBytes)) + "'. Try " + container + " HELP.";
}

std::string_view first_word(const CommandSpec& spec) { return spec.name.substr(0, spec.name.find('|')); }

// May enforcement `observe` let this through?  Only what the server's own ACL would decide.
bool observable(const acl::Decision& decision) {
  using Detail = acl::Decision::Detail;
  return decision.detail == Detail::kNone || decision.detail == Detail::kKeyspaceNames;
}

// Not refused by name alone in the table; blocking variants are found with their arguments.
bool passes_a_shared_proxy(const CommandSpec& spec) { return spec.dispatch == Dispatch::kForward || spec.dispatch == Dispatch::kLocal; }

}  // namespace

std::string unknown_command_text(Args args) {
  std::string text = "ERR unknown command '" + std::string(args[0].substr(0, kQuotedBytes)) + "', with args beginning with: ";
  std::size_t quoted = 0;
  for (std::size_t i = 1; i < args.size() && quoted < kQuotedBytes; ++i) {
    const std::string_view shown = args[i].substr(0, kQuotedBytes - quoted);
    text.append("'").append(shown).append("' ");
    quoted += shown.size() + 3;
  }
  return text;
}

Gate::Gate(ClientState client, protocol::TargetFinder& finder, const ServerFacts& server)
    : client_(std::move(client)), finder_(finder), server_(server) {
  client_.principal = born_principal(*client_.policy);
}

bool Gate::refuses_by_name(const Command& head) const {
  const CommandLookup lookup = client_.policy->rules().find(head.args);
  if (lookup.status != CommandLookup::Status::kFound) return true;
  const CommandSpec& spec = *lookup.spec;
  if (!is_logged_in()) return !spec.has(protocol::flag::kNoAuth);
  const acl::RuleOutcome rule = client_.policy->rules().apply(*client_.principal, spec);
  if (rule.kind == acl::RuleOutcome::Kind::kDeny || rule.kind == acl::RuleOutcome::Kind::kRewrite) return true;
  if (!passes_a_shared_proxy(spec)) return true;
  return !client_.policy->options().observe && acl::refused_by_name(*client_.principal, spec, head.args);
}

Verdict Gate::admit(const Command& command, bool owes_replies, std::int64_t now_ms) {
  Verdict verdict;
  verdict.args = command.args;
  answer_.clear();
  const CommandLookup lookup = client_.policy->rules().find(command.args);
  const bool known = lookup.status == CommandLookup::Status::kFound;
  if (!is_logged_in() && !(known && lookup.spec->has(protocol::flag::kNoAuth)))
    return refuse(verdict, Refusal::kNotLoggedIn, "NOAUTH Authentication required.");
  if (!known) return refuse(verdict, Refusal::kUnknown, unknown_text(lookup, command.args));

  verdict.spec = lookup.spec;
  client_.last_command_ms = now_ms;
  ++client_.commands;
  if (is_logged_in() && !apply_rules(verdict)) return verdict;
  const std::size_t argc = verdict.args.data() == command.args.data() ? command.argument_count : verdict.args.size();
  if (!verdict.spec->arity_fits(argc)) return refuse(verdict, Refusal::kWrongCall, wrong_arity_text(*verdict.spec));
  if (is_logged_in() && !authorize(verdict, command)) return verdict;
  return dispatch(verdict, command, owes_replies, now_ms);
}

// False: the verdict is a refusal.
bool Gate::apply_rules(Verdict& verdict) {
  verdict.rule = client_.policy->rules().apply(*client_.principal, *verdict.spec);
  verdict.ruled = verdict.spec;
  switch (verdict.rule.kind) {
    case acl::RuleOutcome::Kind::kNone:
    case acl::RuleOutcome::Kind::kObserve: return true;
    case acl::RuleOutcome::Kind::kDeny:
      verdict = refuse(verdict, Refusal::kRule, rule_text(*verdict.spec, verdict.rule.message));
      return false;
    case acl::RuleOutcome::Kind::kRewrite: break;
  }
  rewritten_.assign(verdict.rule.replacement.begin(), verdict.rule.replacement.end());
  verdict.args = rewritten_;
  // The replacement is written in the server's own names and was checked when the rules were loaded.
  verdict.spec = protocol::find_command(verdict.args).spec;
  return true;
}

// False: the verdict is a refusal.
bool Gate::authorize(Verdict& verdict, const Command& command) {
  const CommandSpec& spec = *verdict.spec;
  const bool rewritten = verdict.rule.kind == acl::RuleOutcome::Kind::kRewrite;
  if (command.drained && !rewritten) {
    // Its arguments were let go because its name was refused; whatever changed since, it stays refused.
    if (!passes_a_shared_proxy(spec) && !acl::refused_by_name(*client_.principal, spec, verdict.args)) return true;
    verdict = refuse(verdict, Refusal::kAcl,
                     acl::denial_text(verdict.decision, *client_.principal, spec, protocol::Targets{}, client_.policy->options().texts));
    return false;
  }
  const protocol::Targets& targets = finder_.find(spec, verdict.args);
  const acl::PolicyOptions& options = client_.policy->options();
  verdict.decision = acl::authorize(*client_.principal, spec, verdict.args, targets, options, client_.database);
  if (verdict.decision.allowed()) return true;
  if (options.observe && observable(verdict.decision) && targets.status() == protocol::Targets::Status::kFound) {
    verdict.observed = true;
    return true;
  }
  verdict = refuse(verdict, Refusal::kAcl, acl::denial_text(verdict.decision, *client_.principal, spec, targets, options.texts));
  return false;
}

Verdict Gate::dispatch(Verdict verdict, const Command& command, bool owes_replies, std::int64_t now_ms) {
  switch (verdict.spec->dispatch) {
    case Dispatch::kLocal: return run_locally(verdict, owes_replies, now_ms);
    case Dispatch::kForward:
      if (protocol::may_block(*verdict.spec, verdict.args)) break;
      return forward(verdict, command);
    case Dispatch::kPinned:
    case Dispatch::kRefused: break;
  }
  return refuse(verdict, Refusal::kUnavailable, unavailable_text(*verdict.spec));
}

// The bytes that leave always name the command that was authorised, whatever the client called it.
Verdict Gate::forward(Verdict verdict, const Command& command) {
  verdict.kind = Verdict::Kind::kForward;
  std::string_view name = first_word(*verdict.spec);
  for (const ServerFacts::Name& renamed : server_.command_names) {
    if (renamed.id != verdict.spec->id && renamed.id != verdict.spec->container) continue;
    if (renamed.name.empty()) return refuse(verdict, Refusal::kUnavailable, unavailable_text(*verdict.spec));
    name = renamed.name;
  }
  if (protocol::equals_any_case(verdict.args[0], name)) {
    if (verdict.args.data() == command.args.data()) verdict.wire = command.wire;
    return verdict;
  }
  if (verdict.args.data() != rewritten_.data()) rewritten_.assign(verdict.args.begin(), verdict.args.end());
  rewritten_[0] = name;
  verdict.args = rewritten_;
  return verdict;
}

Verdict Gate::run_locally(Verdict verdict, bool owes_replies, std::int64_t now_ms) {
  const std::string_view name = verdict.spec->name;
  const std::string_view family = first_word(*verdict.spec);
  if (name == "auth") return auth(verdict);
  if (name == "hello") return hello(verdict, owes_replies);
  if (name == "reset") return reset(verdict, owes_replies);
  if (name == "select") return select(verdict, owes_replies);
  if (name == "quit") {
    protocol::append_simple(answer_, "OK");
    verdict.kind = Verdict::Kind::kClose;
  } else if (name == "ping") {
    if (verdict.args.size() > 2) return refuse(verdict, Refusal::kWrongCall, wrong_arity_text(*verdict.spec));
    verdict.args.size() == 2 ? protocol::append_bulk(answer_, verdict.args[1]) : protocol::append_simple(answer_, "PONG");
  } else if (name == "echo") {
    protocol::append_bulk(answer_, verdict.args[1]);
  } else if (name == "role") {
    protocol::append_array(answer_, 3);
    protocol::append_bulk(answer_, "master");
    protocol::append_integer(answer_, 0);
    protocol::append_array(answer_, 0);
  } else if (family == "acl") {
    answer_acl({*verdict.spec, verdict.args, client_, now_ms}, answer_);
  } else if (family == "client") {
    client_.last_command = name;
    answer_client({*verdict.spec, verdict.args, client_, now_ms}, answer_);
  } else if (family == "command") {
    answer_command({*verdict.spec, verdict.args, client_, now_ms}, answer_);
  } else if (family == "cluster" || name == "readonly" || name == "readwrite" || name == "asking") {
    return refuse(verdict, Refusal::kWrongCall, "ERR This instance has cluster support disabled");
  } else {
    return refuse(verdict, Refusal::kUnavailable, unavailable_text(*verdict.spec));
  }
  return finish(verdict);
}

Verdict Gate::finish(Verdict verdict) const {
  verdict.answer = answer_;
  return verdict;
}

Verdict Gate::refuse(Verdict verdict, Refusal why, std::string_view text) {
  answer_.clear();
  protocol::append_error(answer_, text);
  verdict.kind = Verdict::Kind::kAnswer;
  verdict.refusal = why;
  return finish(verdict);
}

void Gate::forget_answer() {
  if (answer_.capacity() > kKeptAnswer) answer_ = {};
}

bool Gate::adopt(acl::PolicyPtr policy) {
  const acl::Principal* now = nullptr;
  if (client_.principal != nullptr) {
    now = policy->find(client_.principal->name());
    const bool admitted = now != nullptr && now->is_enabled() && (client_.group.empty() || policy->is_member(client_.group, now->name()));
    if (!admitted) return false;
  }
  client_.principal = now;
  client_.policy = std::move(policy);
  return true;
}

}  // namespace respgate::proxy
