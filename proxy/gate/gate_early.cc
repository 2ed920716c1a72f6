// The part of the gate for commands that are too large to be kept: what is decided before the large argument is here.
#include <algorithm>
#include <cassert>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/gate/gate.h"

namespace respgate::proxy {
namespace {

using protocol::Args;
using protocol::Command;
using protocol::CommandLookup;
using protocol::CommandSpec;

bool is_last(const Command& head) { return head.here + 1 == head.argument_count; }

// Does nothing that can still come say what else the command touches?  Its key is its first argument; of a message the
// channel is.  What SET does to its key depends on the options behind the value, so it is judged by the worst.
bool touches_what_is_here(const CommandSpec& spec, const Command& head) {
  using Mode = protocol::ChannelSpec::Mode;
  if (spec.names_one_key || spec.key_function == protocol::KeyFunction::kSet) return true;
  return spec.channels.mode == Mode::kPublish && is_last(head);
}

}  // namespace

bool Gate::judges_early(const Command& head) {
  assert(head.here >= 2 && head.here < head.args.size());
  if (!is_logged_in() || transaction_.is_open() || is_subscriber()) return false;
  const CommandLookup lookup = client_.policy->rules().find(head.args);
  if (lookup.status != CommandLookup::Status::kFound) return false;
  const CommandSpec& spec = *lookup.spec;
  if (spec.dispatch != protocol::Dispatch::kForward || protocol::may_block(spec, head.args)) return false;
  if (!spec.arity_fits(head.argument_count) || !touches_what_is_here(spec, head)) return false;
  const acl::RuleOutcome rule = client_.policy->rules().apply(*client_.principal, spec);
  if (rule.kind == acl::RuleOutcome::Kind::kDeny || rule.kind == acl::RuleOutcome::Kind::kRewrite) return false;
  if (spec.names_one_key || is_last(head)) return true;
  // Denied with the worst options, it may still be allowed with those that it has.
  const Args args = with_worst_options(head);
  return decide(spec, args, finder_.find(spec, args), databases()).allowed();
}

Verdict Gate::admit_early(const Command& head, const Standing& standing) {
  assert(!standing.owes_replies);
  Command command = head;
  if (!is_last(head)) command.args = with_worst_options(head);
  Verdict verdict = admit(command, standing);
  if (verdict.kind != Verdict::Kind::kForward) return verdict;
  if (!standing.has_lane && !standing.no_lane.empty()) return refuse(verdict, Verdict::Refusal::kNoRoom, standing.no_lane);
  verdict.pinned = verdict.unfinished = true;
  passing_ = std::make_unique<KeptCommand>(*verdict.spec, verdict.args);
  if (!is_last(head)) verdict.expectation.emplace();  // an option that is still to come may ask for another form
  if (!verdict.wire.empty()) return verdict;          // ends where the head ends
  answer_.clear();
  protocol::append_array(answer_, head.argument_count);
  for (const std::string_view arg : verdict.args.first(head.here)) protocol::append_bulk(answer_, arg);
  answer_ += '$';
  answer_ += std::to_string(head.large_bytes);
  answer_ += protocol::kCrlf;
  verdict.wire = answer_;
  return verdict;
}

// The words that are still to come, as those with which a command does most: with GET, SET reads what it overwrites.
Args Gate::with_worst_options(const Command& head) {
  early_.assign(head.args.begin(), head.args.end());
  std::fill(early_.begin() + static_cast<std::ptrdiff_t>(head.here) + 1, early_.end(), std::string_view("GET"));
  return early_;
}

}  // namespace respgate::proxy
