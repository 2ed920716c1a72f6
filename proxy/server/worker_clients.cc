// The part of a worker that has to do with CLIENT LIST, KILL and UNBLOCK: it asks all
// workers for its own sessions, and answers for its sessions when another asks.
#include <string>
#include <utility>

#include "protocol/command_table.h"
#include "proxy/common/clock.h"
#include "proxy/server/gather.h"
#include "proxy/server/worker.h"
#include "proxy/session/session.h"

namespace respgate::proxy {

void Worker::ask(std::shared_ptr<const ClientQuery> query, Ticket ticket) {
  const auto answer = [this, query, ticket](std::vector<ClientFindings> findings) {
    const Session* session = sessions_.find(ticket.session);
    if (session == nullptr) return;
    const std::string reply = client_query_reply(*query, std::move(findings), session->client().resp);
    sessions_.find(ticket.session)->shared_from_this()->take_answer(ticket.seq, reply);
  };
  gather<ClientFindings>(
      peers_, [this](std::function<void()> f) { post([f = std::move(f)](Worker&) { f(); }); },
      [query](Worker& worker, std::function<void(ClientFindings)> done) { worker.find_clients(*query, std::move(done)); }, answer);
}

void Worker::find_clients(const ClientQuery& query, FindingsTaker done) {
  switch (query.kind) {
    case ClientQuery::Kind::kList: return done(list_clients(query));
    case ClientQuery::Kind::kKill: return done(kill_clients(query));
    case ClientQuery::Kind::kUnblock: return unblock_client(query, std::move(done));
  }
}

ClientFindings Worker::list_clients(const ClientQuery& query) const {
  ClientFindings found;
  const std::int64_t now_ms = steady_ms();
  sessions_.for_each([&](const Session& session) {
    if (query.filter.matches(session.client(), session.type())) found.lines.push_back({session.client().id, session.info_line(now_ms)});
  });
  return found;
}

ClientFindings Worker::kill_clients(const ClientQuery& query) {
  ClientFindings found;
  for (const auto& session : sessions_.snapshot()) {
    if (session->client().id == query.asker || !query.filter.matches(session->client(), session->type())) continue;
    session->close(CloseReason::kKilled);
    ++found.killed;
  }
  return found;
}

// The node is asked over a shared lane.  Until it has answered, the lane on which that session is blocked goes to no
// other: the node must not take another client for the one that is meant.
void Worker::unblock_client(const ClientQuery& query, FindingsTaker done) {
  for (const auto& session : sessions_.snapshot()) {
    if (!query.filter.matches(session->client(), session->type())) continue;
    const std::int64_t server_side_id = session->begin_unblock();
    if (server_side_id == 0) break;
    RequestPtr request = requests_.take();
    request->ticket = {session->id(), 0};
    request->errand = ++last_errand_;
    errands_.emplace(request->errand, std::move(done));
    const std::string id = std::to_string(server_side_id);
    const std::string_view words[] = {query.command, "UNBLOCK", id, query.unblocks_with_error ? "ERROR" : "TIMEOUT"};
    protocol::append_command(request->wire, words);
    request->expectation = {protocol::reply_bit(protocol::RespType::kInteger), protocol::ReplyExpectation::kAnyLength};
    router_.submit(LaneKey{}, std::move(request), 0, steady_ms());
    return turn_.flush_lanes();
  }
  done({});
}

void Worker::finish_errand(const Request& request, std::string_view reply) {
  if (Session* session = sessions_.find(request.ticket.session)) session->shared_from_this()->end_unblock();
  auto errand = errands_.extract(request.errand);
  if (errand.empty()) return;
  ClientFindings found;
  found.reply = reply;
  errand.mapped()(std::move(found));
}

}  // namespace respgate::proxy
