#include "proxy/gate/gate.h"

#include <algorithm>
#include <utility>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/common/string_memory.h"
#include "proxy/gate/local_commands.h"

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

std::string_view first_word(const CommandSpec& spec) {
  return spec.container == protocol::kNoCommand ? spec.name : protocol::command(spec.container).name;
}

bool is_allowed_to_subscribers(const CommandSpec& spec) {
  using Mode = protocol::ChannelSpec::Mode;
  return spec.channels.mode == Mode::kSubscribe || spec.channels.mode == Mode::kUnsubscribe || spec.name == "ping" || spec.name == "quit" ||
         spec.name == "reset";
}

// Does it reach the node, and do more there than end what the client holds?
bool must_be_audited(const CommandSpec& spec) {
  const bool only_ends =
      spec.channels.mode == protocol::ChannelSpec::Mode::kUnsubscribe || spec.name == "discard" || spec.name == "unwatch";
  return !only_ends && (spec.dispatch == Dispatch::kForward || spec.dispatch == Dispatch::kPinned);
}

bool passes_a_shared_proxy(const CommandSpec& spec) { return spec.dispatch != Dispatch::kRefused; }

}  // namespace

bool keeps_its_place(const CommandSpec& spec) { return spec.name == "ping" || spec.name == "echo"; }

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

Gate::Gate(ClientState client, protocol::TargetFinder& finder, const ServerFacts& server, ProcessView* process)
    : client_(std::move(client)), finder_(finder), server_(server), process_(process) {
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

Verdict Gate::admit(const Command& command, const Standing& standing) {
  skips_this_reply_ = std::exchange(skips_next_reply_, false);
  Verdict verdict;
  judge(verdict, command, standing);
  if (verdict.kind == Verdict::Kind::kWait) {
    skips_next_reply_ = skips_this_reply_;
    return verdict;
  }
  verdict.silent = verdict.silent || ((replies_off_ || skips_this_reply_) && verdict.confirmations == 0);
  if (verdict.spec != nullptr) {
    client_.last_command_ms = standing.now_ms;
    ++client_.commands;
  }
  if (verdict.refusal == Refusal::kNone || !transaction_.is_open()) return verdict;
  transaction_.spoil();
  if (verdict.spec != nullptr && verdict.spec->name == "exec") abort_transaction(verdict);
  return verdict;
}

Verdict& Gate::judge(Verdict& verdict, const Command& command, const Standing& standing) {
  verdict.args = command.args;
  verdict.in_transaction = transaction_.is_open();
  answer_.clear();
  const CommandLookup lookup = client_.policy->rules().find(command.args);
  const bool known = lookup.status == CommandLookup::Status::kFound;
  client_.last_command = known ? lookup.spec : nullptr;
  if (!is_logged_in() && !(known && lookup.spec->has(protocol::flag::kNoAuth)))
    return refuse(verdict, Refusal::kNotLoggedIn, "NOAUTH Authentication required.");
  if (!known) return refuse(verdict, Refusal::kUnknown, unknown_text(lookup, command.args));

  verdict.spec = lookup.spec;
  const auto is_unaudited = [&] { return standing.audit_refuses && must_be_audited(*verdict.spec); };
  if (is_unaudited()) return refuse_unaudited(verdict);
  verdict.ruled = is_logged_in() ? verdict.spec : nullptr;
  if (is_logged_in() && client_.policy->rules().speak_of(*verdict.spec) && !apply_rules(verdict)) return verdict;
  if (is_unaudited()) return refuse_unaudited(verdict);  // what a rule made of it
  const std::size_t argc = verdict.args.data() == command.args.data() ? command.argument_count : verdict.args.size();
  if (!verdict.spec->arity_fits(argc)) return refuse(verdict, Refusal::kWrongCall, wrong_arity_text(*verdict.spec));
  if (is_logged_in() && !authorize(verdict, command)) return verdict;
  return dispatch(verdict, command, standing);
}

// False: the verdict is a refusal.
bool Gate::apply_rules(Verdict& verdict) {
  verdict.rule = client_.policy->rules().apply(*client_.principal, *verdict.spec);
  switch (verdict.rule.kind) {
    case acl::RuleOutcome::Kind::kNone:
    case acl::RuleOutcome::Kind::kObserve: return true;
    case acl::RuleOutcome::Kind::kDeny: refuse(verdict, Refusal::kRule, rule_text(*verdict.spec, verdict.rule.message)); return false;
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
    refuse(verdict, Refusal::kAcl,
           acl::denial_text(verdict.decision, *client_.principal, spec, protocol::Targets{}, client_.policy->options().texts));
    return false;
  }
  const protocol::Targets& targets = finder_.find(spec, verdict.args);
  const acl::PolicyOptions& options = client_.policy->options();
  verdict.decision = decide(spec, verdict.args, targets, databases());
  if (verdict.decision.allowed()) return true;
  if (options.observe && acl::may_be_observed(verdict.decision, *client_.principal, spec, verdict.args, targets, options)) {
    verdict.observed = true;
    return true;
  }
  refuse(verdict, Refusal::kAcl, acl::denial_text(verdict.decision, *client_.principal, spec, targets, options.texts));
  return false;
}

// It must be allowed in each of the databases: the first denial counts.
acl::Decision Gate::decide(const CommandSpec& spec, Args args, const protocol::Targets& targets,
                           std::span<const std::int64_t> databases) const {
  if (databases.size() == 1) return acl::authorize(*client_.principal, spec, args, targets, client_.policy->options(), databases.front());
  acl::Decision decision;
  for (const std::int64_t database : databases) {
    decision = acl::authorize(*client_.principal, spec, args, targets, client_.policy->options(), database);
    if (!decision.allowed()) break;
  }
  return decision;
}

// Those in which the next command may run.
std::span<const std::int64_t> Gate::databases() const {
  return transaction_.is_open() ? transaction_.databases() : std::span(&client_.database, 1);
}

Verdict& Gate::dispatch(Verdict& verdict, const Command& command, const Standing& standing) {
  const CommandSpec& spec = *verdict.spec;
  if (spec.dispatch == Dispatch::kRefused) return refuse_unavailable(verdict);
  if (is_subscriber() && client_.resp == protocol::RespVersion::kResp2 && !is_allowed_to_subscribers(spec))
    return refuse_in_subscriber_mode(verdict);
  if (transaction_.is_open()) return in_transaction(verdict, command, standing);
  if (standing.has_lane && keeps_its_place(spec)) return on_its_lane(verdict, command, standing);
  if (spec.dispatch == Dispatch::kLocal) return run_locally(verdict, standing);
  if (spec.dispatch == Dispatch::kPinned || protocol::may_block(spec, verdict.args)) return pinned(verdict, command, standing);
  if (spec.name == "info")
    verdict.reading = proxy_section_of(verdict.args) == ProxySection::kYes ? Request::Reading::kInfoAndProxy : Request::Reading::kInfo;
  return forward(verdict, command, standing);
}

// The bytes that leave always name the command that was authorised, whatever the client called it.
Verdict& Gate::forward(Verdict& verdict, const Command& command, const Standing& standing) {
  if (!standing.no_room.empty()) return refuse(verdict, Refusal::kNoRoom, standing.no_room);
  verdict.kind = Verdict::Kind::kForward;
  const bool is_as_sent = verdict.args.data() == command.args.data();
  if (is_as_sent && server_.command_names.empty() && client_.policy->rules().rename_nothing()) {  // it was found by that name
    verdict.wire = command.wire;
    return verdict;
  }
  const std::optional<std::string_view> name = server_name(*verdict.spec);
  if (!name) return refuse_unavailable(verdict);
  if (protocol::equals_any_case(verdict.args[0], *name)) {
    if (is_as_sent) verdict.wire = command.wire;
    return verdict;
  }
  if (verdict.args.data() != rewritten_.data()) rewritten_.assign(verdict.args.begin(), verdict.args.end());
  rewritten_[0] = *name;
  verdict.args = rewritten_;
  return verdict;
}

// What the node calls it; nothing when it was taken from it.
std::optional<std::string_view> Gate::server_name(const CommandSpec& spec) const {
  for (const ServerFacts::Name& renamed : server_.command_names) {
    if (renamed.id != spec.id && renamed.id != spec.container) continue;
    if (renamed.name.empty()) return std::nullopt;
    return renamed.name;
  }
  return first_word(spec);
}

Verdict& Gate::run_locally(Verdict& verdict, const Standing& standing) {
  const std::string_view name = verdict.spec->name;
  if (name == "auth") return auth(verdict, standing);
  if (name == "hello") return hello(verdict, standing);
  if (name == "reset") return reset(verdict, standing);
  if (name == "select") return select(verdict, standing);
  if (name == "client|reply") return client_reply(verdict);
  if (name == "client|list" || name == "client|kill" || name == "client|unblock") return ask_workers(verdict, standing);
  if (name == "quit") return quit(verdict, standing);
  verdict.refusal = answer_here(*verdict.spec, verdict.args, standing.now_ms);
  return finish(verdict);
}

// Who has the OK may count on what the client held being gone: its watches, its subscriptions.
Verdict& Gate::quit(Verdict& verdict, const Standing& standing) {
  if (standing.has_lane && standing.owes_replies) return wait(verdict);
  verdict.drops_lane = standing.has_lane;
  protocol::append_simple(answer_, "OK");
  verdict.kind = Verdict::Kind::kClose;
  return finish(verdict);
}

// Appends exactly one reply, at once or as an element of EXEC's.
Refusal Gate::answer_here(const CommandSpec& spec, Args args, std::int64_t now_ms) {
  const std::string_view name = spec.name;
  const std::string_view family = first_word(spec);
  if (name == "ping") {
    if (args.size() > 2) return protocol::append_error(answer_, wrong_arity_text(spec)), Refusal::kWrongCall;
    args.size() == 2 ? protocol::append_bulk(answer_, args[1]) : protocol::append_simple(answer_, "PONG");
  } else if (name == "echo") {
    protocol::append_bulk(answer_, args[1]);
  } else if (name == "role") {
    protocol::append_array(answer_, 3);
    protocol::append_bulk(answer_, "master");
    protocol::append_integer(answer_, 0);
    protocol::append_array(answer_, 0);
  } else if (family == "acl") {
    answer_acl({spec, args, client_, now_ms, {}, process_}, answer_);
  } else if (family == "client") {
    answer_client({spec, args, client_, now_ms, activity()}, answer_);
  } else if (family == "command") {
    answer_command({spec, args, client_, now_ms}, answer_);
  } else if (family == "cluster" || name == "readonly" || name == "readwrite" || name == "asking") {
    return protocol::append_error(answer_, "ERR This instance has cluster support disabled"), Refusal::kWrongCall;
  } else {
    return append_unavailable(spec), Refusal::kUnavailable;
  }
  return Refusal::kNone;
}

void Gate::append_unavailable(const CommandSpec& spec) { protocol::append_error(answer_, unavailable_text(spec)); }

Verdict& Gate::refuse_in_subscriber_mode(Verdict& verdict) {
  const std::string_view name = verdict.spec->name;
  const std::string_view code = name == "exec" ? "EXECABORT Transaction discarded because of: " : "ERR ";
  return refuse(verdict, Refusal::kWrongCall,
                std::string(code) + "Can't execute '" + std::string(name) +
                    "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
}

Verdict& Gate::refuse_unavailable(Verdict& verdict) { return refuse(verdict, Refusal::kUnavailable, unavailable_text(*verdict.spec)); }

Verdict& Gate::refuse_unaudited(Verdict& verdict) { return refuse(verdict, Refusal::kNotAudited, kAuditUnavailable); }

Verdict& Gate::wait(Verdict& verdict) const {
  verdict.kind = Verdict::Kind::kWait;
  return verdict;
}

Verdict& Gate::finish(Verdict& verdict) const {
  verdict.answer = answer_;
  return verdict;
}

Verdict& Gate::refuse(Verdict& verdict, Refusal why, std::string_view text) {
  answer_.clear();
  protocol::append_error(answer_, text);
  verdict.kind = Verdict::Kind::kAnswer;
  verdict.refusal = why;
  return finish(verdict);
}

void Gate::forget_answer() {
  if (answer_.capacity() > kKeptAnswer) give_back_memory(answer_);
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
  const auto is_allowed = [&](const KeptCommand& command) {
    Verdict again;
    return still_allowed(again, command.spec(), command.args(), false, std::span(&client_.database, 1));
  };
  return may_keep_what_it_holds() && std::ranges::all_of(blocked_, is_allowed) && (!passing_ || is_allowed(*passing_));
}

bool Gate::adopt(acl::PolicyPtr policy, ListenerTerms terms) {
  const bool was_born_so = is_logged_in() && !has_logged_in_;
  const bool is_born_otherwise = was_born_so && terms.born_as != client_.born_as;
  client_.born_as = std::move(terms.born_as);
  client_.group = std::move(terms.group);
  return !is_born_otherwise && adopt(std::move(policy));
}

// Queued or waiting: would it be let through now?
bool Gate::still_allowed(Verdict& again, const CommandSpec& spec, Args args, bool rewritten, std::span<const std::int64_t> databases) {
  again.spec = &spec;
  again.args = args;
  if (!rewritten) {
    again.rule = client_.policy->rules().apply(*client_.principal, spec);
    again.ruled = &spec;
    again.refusal = Refusal::kRule;
    if (again.rule.kind == acl::RuleOutcome::Kind::kDeny || again.rule.kind == acl::RuleOutcome::Kind::kRewrite) return false;
  }
  const protocol::Targets& targets = finder_.find(spec, args);
  const acl::PolicyOptions& options = client_.policy->options();
  again.decision = decide(spec, args, targets, databases);
  again.refusal = Refusal::kAcl;
  return again.decision.allowed() ||
         (options.observe && acl::may_be_observed(again.decision, *client_.principal, spec, args, targets, options));
}

// Messages and invalidations go on flowing without being asked for again.  What was asked for and is not answered
// yet counts as held.
bool Gate::may_keep_what_it_holds() const {
  if (client_.principal == nullptr) return !needs_lane();
  if (client_.policy->options().observe) return true;
  const auto broadcasts = [](const Tracking& tracking) { return tracking.on && tracking.broadcast; };
  const bool hears_of_every_key = broadcasts(tracking_) || std::ranges::any_of(tracking_asked_, broadcasts);
  if (hears_of_every_key && !may_hear_of_every_key()) return false;
  return subscriptions_.all_of([&](std::string_view name, bool is_pattern) {
    return std::ranges::any_of(client_.principal->selectors(), [&](const acl::Selector& selector) {
      return selector.grants_all_channels() || selector.grants_channel(name, is_pattern);
    });
  });
}

bool Gate::may_hear_of_every_key() const {
  return std::ranges::any_of(client_.principal->selectors(),
                             [](const acl::Selector& selector) { return selector.grants_reading_every_key(); });
}

void Gate::lane_is_gone() {
  end_transaction();
  watching_ = false;
  subscriptions_.clear();
  tracking_ = {};
  tracking_asked_.clear();
  blocked_.clear();
  lane_soiled_ = false;
  lane_kept_ = false;
}

}  // namespace respgate::proxy
