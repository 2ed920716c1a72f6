#include "proxy/admin/admin_server.h"

#include <optional>
#include <system_error>
#include <utility>

#include "proxy/admin/listener.h"
#include "proxy/admin/routes.h"
#include "proxy/config/admin_access.h"
#include "proxy/reception/keyed_error.h"

namespace respgate::proxy {
namespace {

std::optional<AdminToken> token_of(const AdminConfig& config) {
  if (config.token_file.empty()) return std::nullopt;
  const auto token = AdminToken::from_file(config.token_file);
  if (token) return *token;
  throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                          "admin.token_file " + config.token_file + " " + token.error().what);
}

std::shared_ptr<AdminListener> listen(boost::asio::io_context& io, const char* key, const Address& address,
                                      std::optional<ListeningSocket> given, const AdminLimits& limits) try {
  return std::make_shared<AdminListener>(io, address, std::move(given), limits);
} catch (const std::system_error& error) {
  throw with_key(key, error);
}

}  // namespace

struct AdminServer::Impl {
  std::shared_ptr<AdminListener> everything;  // null: not configured
  std::shared_ptr<AdminListener> health;
  std::shared_ptr<AdminRoutes> routes_of_everything;
  std::shared_ptr<AdminRoutes> routes_of_health;
};

AdminServer::AdminServer(boost::asio::io_context& io, const AdminConfig& config, AdminBackend backend, const AdminLimits& limits,
                         AdminSockets given)
    : impl_(std::make_unique<Impl>()) {
  AdminAccess open{.hosts = config.hosts, .token = std::nullopt};
  AdminAccess guarded = open;
  guarded.token = token_of(config);
  // Both addresses are bound, and judged, before either is served.
  if (config.health_address) impl_->health = listen(io, "admin.health_address", *config.health_address, std::move(given.health), limits);
  if (config.address) {
    impl_->everything = listen(io, "admin.address", *config.address, std::move(given.everything), limits);
    guarded.is_token_for_everything = needs_token();
    if (guarded.is_token_for_everything && !guarded.token) {
      throw std::system_error(std::make_error_code(std::errc::permission_denied),
                              "admin.address " + config.address->text + " can be reached from other machines: set admin.token_file");
    }
  }
  const auto shared_backend = std::make_shared<const AdminBackend>(std::move(backend));
  using enum AdminRoutes::Offer;
  impl_->routes_of_health = std::make_shared<AdminRoutes>(shared_backend, std::move(open), kHealth);
  impl_->routes_of_everything = std::make_shared<AdminRoutes>(shared_backend, std::move(guarded), kEverything);
  if (impl_->health) impl_->health->start(impl_->routes_of_health);
  if (impl_->everything) impl_->everything->start(impl_->routes_of_everything);
}

void AdminServer::adopt(const std::vector<std::string>& hosts, const std::optional<AdminToken>& token) {
  impl_->routes_of_health->adopt({.hosts = hosts, .token = std::nullopt});
  impl_->routes_of_everything->adopt({.hosts = hosts, .token = token, .is_token_for_everything = needs_token()});
}

bool AdminServer::needs_token() const { return impl_->everything && !impl_->everything->is_loopback(); }

AdminSockets AdminServer::copy_sockets() const {
  AdminSockets copies;
  if (impl_->everything) copies.everything.emplace(impl_->everything->copy_socket());
  if (impl_->health) copies.health.emplace(impl_->health->copy_socket());
  return copies;
}

AdminServer::~AdminServer() { stop(); }

void AdminServer::stop() {
  for (const auto& listener : {impl_->everything, impl_->health}) {
    if (listener) listener->stop();
  }
  impl_->routes_of_everything.reset();
  impl_->routes_of_health.reset();
}

std::uint16_t AdminServer::port() const { return impl_->everything ? impl_->everything->port() : std::uint16_t{0}; }
std::uint16_t AdminServer::health_port() const { return impl_->health ? impl_->health->port() : std::uint16_t{0}; }

}  // namespace respgate::proxy
