// What the admin port offers: a table of paths, who may use them, and the reply to
// each.  Pure: requests come in as data, replies leave through a callback, the rest
// is AdminBackend's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/admin/admin_server.h"
#include "proxy/admin/request.h"
#include "proxy/common/log_quota.h"
#include "proxy/config/admin_access.h"

namespace respgate::proxy {

struct AdminReply {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::string allow = {};                      // header Allow, of a 405
  std::string authenticate = {};               // header WWW-Authenticate, of a 401
  std::optional<RefusedRequest> refused = {};  // why it is a refusal
  std::string policy = {};                     // header Content-Security-Policy; empty: nothing may run or be loaded
};

class AdminRoutes : public std::enable_shared_from_this<AdminRoutes> {
 public:
  // kHealth: /livez, /readyz without reasons and /metrics, nothing else.
  enum class Offer : std::uint8_t { kEverything, kHealth };
  using Done = std::function<void(AdminReply)>;

  AdminRoutes(std::shared_ptr<const AdminBackend> backend, AdminAccess access, Offer offer)
      : backend_(std::move(backend)), access_(std::move(access)), offer_(offer) {}

  // Who may ask from the next request on.
  void adopt(AdminAccess access) { access_ = std::move(access); }

  // Calls `done` once, possibly before it returns.  `request.path` need not be filled in.
  // REQUIRES: the caller holds a shared_ptr to this.
  void answer(AdminRequest request, const Done& done) const;
  // Counts a reply that is a refusal.
  void note(const AdminReply& reply) const;

 private:
  static constexpr std::size_t kRefusedLinesPerSecond = 50;
  struct Route;
  static const std::vector<Route>& table();
  const Route* find(std::string_view path) const;
  std::optional<AdminReply> refuse(const AdminRequest& request, const Route* route) const;
  void audit(const AdminRequest& request, std::string outcome, const std::string& note = {}) const;
  void audit_refused(const AdminRequest& request) const;
  Done audited(const AdminRequest& request, const Done& done) const;

  void page(const AdminRequest& request, const Done& done) const;
  void livez(const AdminRequest& request, const Done& done) const;
  void readyz(const AdminRequest& request, const Done& done) const;
  void metrics(const AdminRequest& request, const Done& done) const;
  void config(const AdminRequest& request, const Done& done) const;
  void summary(const AdminRequest& request, const Done& done) const;
  void posture(const AdminRequest& request, const Done& done) const;
  void users(const AdminRequest& request, const Done& done) const;
  void clients(const AdminRequest& request, const Done& done) const;
  void certificates(const AdminRequest& request, const Done& done) const;
  void events(const AdminRequest& request, const Done& done) const;
  void audit_state(const AdminRequest& request, const Done& done) const;
  void reload(const AdminRequest& request, const Done& done) const;
  void drain(const AdminRequest& request, const Done& done) const;
  void kill(const AdminRequest& request, const Done& done) const;
  void unlock(const AdminRequest& request, const Done& done) const;
  void log_level(const AdminRequest& request, const Done& done) const;

  std::shared_ptr<const AdminBackend> backend_;
  AdminAccess access_;
  Offer offer_;
  mutable LogQuota refused_lines_{kRefusedLinesPerSecond};
};

}  // namespace respgate::proxy
