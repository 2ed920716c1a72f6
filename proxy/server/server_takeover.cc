// Handing the listening sockets to the next process.
#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "proxy/server/gather.h"
#include "proxy/server/server.h"

namespace respgate::proxy {
namespace {

// Between the last accept and the drain: whoever was let in last gets to say what it came for.
constexpr std::chrono::milliseconds kLastGuests{1000};

using Shared = std::shared_ptr<std::vector<ListeningSocket>>;

// Null: there are no descriptors left.
Shared copies_of(const Worker& worker) {
  try {
    return std::make_shared<std::vector<ListeningSocket>>(worker.copy_sockets());
  } catch (const std::system_error& error) {
    spdlog::warn("sockets not handed over reason=\"{}\"", error.what());
    return nullptr;
  }
}

}  // namespace

void Server::offer_takeover(bool replaces) {
  TakeoverOffer::Backend backend;
  backend.collect = [this](auto done) { collect_sockets(std::move(done)); };
  backend.on_taken = [this] { on_taken_over(); };
  offer_ = std::make_unique<TakeoverOffer>(io_, config().takeover_socket, replaces, std::move(backend));
}

// Of the listeners there are when all workers have answered: those of a reload that is under way come with it, or not at all.
void Server::collect_sockets(std::function<void(std::vector<SocketGroup>)> done) {
  const SnapshotPtr asked_of = snapshot_;
  gather<Shared>(
      workers_, [this](std::function<void()> f) { boost::asio::post(io_, std::move(f)); },
      [](Worker& worker, const std::function<void(Shared)>& take) { take(copies_of(worker)); },
      [this, asked_of, done = std::move(done)](const std::vector<Shared>& copies) {
        if (draining_ || std::find(copies.begin(), copies.end(), nullptr) != copies.end()) return done({});
        if (asked_of != snapshot_) return collect_sockets(done);
        std::vector<SocketGroup> groups;
        for (std::size_t i = 0; i < config().listeners.size(); ++i) {
          const ListenerConfig& listener = config().listeners[i];
          SocketGroup& group = groups.emplace_back(SocketGroup{SocketRole::kListener, listener.name, listener.address.text, {}});
          for (const Shared& of_worker : copies) group.sockets.push_back(std::move((*of_worker)[i]));
        }
        AdminSockets admin = admin_ ? admin_->copy_sockets() : AdminSockets();
        const auto add = [&](SocketRole role, const std::optional<Address>& address, std::optional<ListeningSocket>& socket) {
          if (!socket) return;
          groups.push_back({role, "", address->text, {}});
          groups.back().sockets.push_back(std::move(*socket));
        };
        add(SocketRole::kAdmin, config().admin.address, admin.everything);
        add(SocketRole::kHealth, config().admin.health_address, admin.health);
        done(std::move(groups));
      });
}

void Server::on_taken_over() {
  offer_->stop();  // the next process has its place
  if (admin_) admin_->stop();
  spdlog::info("another process serves from now on");
  for (const auto& worker : workers_) worker->post([](Worker& self) { self.stop_accepting(); });
  timer_.expires_after(std::min(kLastGuests, std::chrono::duration_cast<std::chrono::milliseconds>(config().shutdown_grace)));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    drain();
    leave_audit();
  });
}

// Once no worker looks at another command, nothing is decided here any more that would have to be recorded.
void Server::leave_audit() {
  gather<bool>(
      workers_, [this](std::function<void()> f) { boost::asio::post(io_, std::move(f)); },
      [](Worker&, const std::function<void(bool)>& take) { take(true); }, [this](const std::vector<bool>&) { audit_.leave(); });
}

}  // namespace respgate::proxy
