// The part of the gate that has to do with the clients of the proxy: what is asked of all
// of them (CLIENT LIST, KILL, UNBLOCK), and what this one has to show.
#include <string>
#include <utility>

#include "proxy/gate/gate.h"

namespace respgate::proxy {

// Waits for what was asked before, and nothing that comes behind overtakes it: a client that unblocks another and then
// writes must not find that the other took what it wrote.
Verdict& Gate::ask_workers(Verdict& verdict, const Standing& standing) {
  if (standing.owes_replies) return wait(verdict);
  auto query = parse_client_query(*verdict.spec, verdict.args, *client_.policy);
  if (!query) return refuse(verdict, Verdict::Refusal::kWrongCall, query.error());
  if (query->kind == ClientQuery::Kind::kUnblock) {
    const std::optional<std::string_view> command = server_name(*verdict.spec);
    if (!command) return refuse_unavailable(verdict);
    query->command = *command;
  }
  const ClientType type = is_subscriber() ? ClientType::kPubsub : ClientType::kNormal;
  const bool kills = query->kind == ClientQuery::Kind::kKill && !query->spares_asker;
  query->kills_asker = kills && query->filter.matches(client_, type);
  query->asker = client_.id;
  question_ = std::make_shared<const ClientQuery>(std::move(*query));
  verdict.kind = Verdict::Kind::kAsk;
  return verdict;
}

// A client that waits for a blocking command may have sent others, which the server does not look at either.
ClientActivity Gate::activity() const {
  using Sort = Subscriptions::Sort;
  ClientActivity activity;
  const protocol::CommandSpec* command = blocked_.empty() ? client_.last_command : &blocked_.front().spec();
  if (command != nullptr) activity.command = command->name;
  activity.channels = subscriptions_.count(Sort::kChannel);
  activity.patterns = subscriptions_.count(Sort::kPattern);
  activity.shard_channels = subscriptions_.count(Sort::kShard);
  const Transaction& transaction = executing_.is_open() ? executing_ : transaction_;
  if (transaction.is_open()) activity.queued = transaction.elements().size();
  activity.is_blocked = is_blocked();
  activity.tracks = tracking_.on;
  activity.tracks_everything = tracking_.broadcast;
  activity.redirect = tracking_.redirect;
  return activity;
}

}  // namespace respgate::proxy
