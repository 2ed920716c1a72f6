// What the server answers to its admin port.
#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "acl/dangerous_commands.h"
#include "proxy/common/clock.h"
#include "proxy/common/log_text.h"
#include "proxy/server/gather.h"
#include "proxy/server/server.h"
#include "proxy/session/session.h"

namespace respgate::proxy {
namespace {

using nlohmann::json;

// Asks every worker for a T and hands all of them to `done`, on the control thread.
template <typename T>
void gather_here(boost::asio::io_context& io, const Workers& workers, std::function<T(Worker&)> ask,
                 std::function<void(std::vector<T>)> done) {
  gather<T>(
      workers, [&io](std::function<void()> f) { boost::asio::post(io, std::move(f)); },
      [ask = std::move(ask)](Worker& worker, const std::function<void(T)>& take) { take(ask(worker)); }, std::move(done));
}

json describe_session(const Session& session, std::size_t worker, std::int64_t now_ms) {
  const ClientState& client = session.client();
  return {{"id", client.id},
          {"worker", worker},
          {"listener", client.listener_name},
          {"peer", client.peer},
          {"user", client.principal != nullptr ? json(log_text(client.principal->name())) : json(nullptr)},
          {"name", log_text(client.name)},
          {"db", client.database},
          {"resp", static_cast<int>(client.resp)},
          {"age_seconds", (now_ms - client.connected_ms) / 1000},
          {"idle_seconds", (now_ms - client.last_command_ms) / 1000},
          {"commands", client.commands},
          {"owed_replies", session.owed_replies()},
          {"output_bytes", session.output_bytes()}};
}

std::string describe_certificates(const Snapshot& snapshot) {
  json all = json::array();
  const std::int64_t now = std::time(nullptr);
  for (std::size_t i = 0; i < snapshot.config.listeners.size(); ++i) {
    if (!snapshot.tls.listeners[i]) continue;
    for (const tls::CertificateFacts& facts : snapshot.tls.listeners[i]->certificates()) {
      json names = json::array();
      for (const std::string& name : facts.names) names.push_back(log_text(name));
      all.push_back({{"listener", snapshot.config.listeners[i].name},
                     {"file", log_text(facts.file, 4096)},
                     {"subject", log_text(facts.subject)},
                     {"names", std::move(names)},
                     {"not_after", tls::utc_text(facts.not_after)},
                     {"days_left", (facts.not_after - now) / (24 * 3600)}});
    }
  }
  return all.dump();
}

}  // namespace

AdminBackend Server::admin_backend() {
  AdminBackend backend;
  backend.readiness = [this] { return readiness(); };
  backend.metrics = [this] {
    const AuditLog::State audited = audit_.state();
    metrics_.know_audit(audited.takes_lines, audited.head ? std::optional(audited.head->position) : std::nullopt);
    return metrics_.expose();
  };
  backend.config = [this] { return describe_config(config()); };
  backend.summary = [this] { return summary(); };
  backend.posture = [this] { return posture(); };
  backend.users = [this](auto done) { collect_users(std::move(done)); };
  backend.clients = [this](auto done) { collect_clients(std::move(done)); };
  backend.certificates = [this] { return describe_certificates(*snapshot_); };
  backend.events = [this](std::size_t n) { return audit_.newest(n); };
  backend.audit_state = [this] {
    const AuditLog::State audited = audit_.state();
    return json{{"available", audited.takes_lines}, {"head", audited.head ? json(to_text(*audited.head)) : json(nullptr)}}.dump() + "\n";
  };
  backend.reload = [this](auto done) { reload(std::move(done)); };
  backend.drain = [this] { stop(); };  // after the answer: with no client left, a drain ends at once
  backend.kill = [this](std::string user, std::uint64_t id, auto done) { kill(std::move(user), id, std::move(done)); };
  backend.unlock = [this](const auto& user, const auto& source) { return state_.failed_logins.unlock(user, source, steady_ms()); };
  backend.log_level = [](const std::string& level) {
    const spdlog::level::level_enum parsed = spdlog::level::from_str(level);
    if (parsed == spdlog::level::off && level != "off") return false;
    spdlog::set_level(parsed);
    return true;
  };
  backend.refused = [this](RefusedRequest why) { metrics_.count_admin_refused(why); };
  backend.audit = [this](const AdminAct& act) {
    AuditEvent event;
    event.kind = AuditEvent::Kind::kAdmin;
    event.verdict = act.outcome;
    event.peer = act.peer;
    event.generation = snapshot_->policy->generation();
    event.detail = act.request;
    audit_.write(std::move(event));
  };
  return backend;
}

void Server::collect_clients(std::function<void(std::string)> done) {
  gather_here<json>(
      io_, workers_,
      [](Worker& worker) {
        json list = json::array();
        const std::int64_t now_ms = steady_ms();
        worker.for_each_client([&](const Session& session) { list.push_back(describe_session(session, worker.index(), now_ms)); });
        return list;
      },
      [done = std::move(done)](std::vector<json> lists) {
        json all = json::array();
        for (json& list : lists) all.insert(all.end(), list.begin(), list.end());
        done(all.dump());
      });
}

void Server::collect_users(std::function<void(std::string)> done) {
  using Counts = std::map<std::string, std::size_t>;
  gather_here<Counts>(
      io_, workers_,
      [](Worker& worker) {
        Counts counts;
        worker.for_each_client([&](const Session& session) {
          if (const acl::Principal* user = session.client().principal) ++counts[user->name()];
        });
        return counts;
      },
      [done = std::move(done), policy = snapshot_->policy](const std::vector<Counts>& counted) {
        Counts sums;
        for (const Counts& counts : counted) {
          for (const auto& [name, n] : counts) sums[name] += n;
        }
        json all = json::array();
        for (const acl::Principal& user : policy->principals()) {
          all.push_back({{"name", log_text(user.name())},
                         {"enabled", user.is_enabled()},
                         {"nopass", user.accepts_any_password()},
                         {"rules", log_text(acl::describe(user, acl::Hashes::kHide), 64 * 1024)},
                         {"dangerous", acl::dangerous_commands(*policy, user)},
                         {"connections", sums[user.name()]}});
        }
        done(all.dump());
      });
}

void Server::kill(std::string user, std::uint64_t id, std::function<void(std::size_t)> done) {
  gather_here<std::size_t>(
      io_, workers_,
      [user = std::move(user), id](Worker& worker) {
        return worker.close_matching(
            [&](const ClientState& client) {
              return id != 0 ? client.id == id : client.principal != nullptr && client.principal->name() == user;
            },
            CloseReason::kKilled);
      },
      [done = std::move(done)](const std::vector<std::size_t>& closed) {
        std::size_t sum = 0;
        for (const std::size_t n : closed) sum += n;
        done(sum);
      });
}

}  // namespace respgate::proxy
