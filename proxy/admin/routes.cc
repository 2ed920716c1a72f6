#include "proxy/admin/routes.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "proxy/admin/page.h"
#include "proxy/audit/audit_json.h"
#include "proxy/common/clock.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kDefaultEvents = 100;
constexpr std::size_t kMaxEvents = 1000;

AdminReply text(unsigned status, std::string body) { return {.status = status, .body = std::move(body)}; }
AdminReply refusal(RefusedRequest why, unsigned status, std::string body) {
  return {.status = status, .body = std::move(body), .refused = why};
}
AdminReply json(std::string body) { return {.type = "application/json", .body = std::move(body)}; }

// All of it, digits only.
std::optional<std::uint64_t> number_in(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

const std::string* find_parameter(const AdminRequest& request, const std::string& name) {
  const auto found = request.parameters.find(name);
  return found != request.parameters.end() ? &found->second : nullptr;
}

}  // namespace

struct AdminRoutes::Route {
  std::string_view path;
  AdminAccess::Intent intent;
  bool is_health;
  std::vector<std::string_view> parameters;
  void (AdminRoutes::*handler)(const AdminRequest&, const Done&) const;
};

const std::vector<AdminRoutes::Route>& AdminRoutes::table() {
  using enum AdminAccess::Intent;
  static const std::vector<Route> routes = {
      {"/", kOpen, false, {}, &AdminRoutes::page},
      {"/livez", kRead, true, {}, &AdminRoutes::livez},
      {"/readyz", kRead, true, {}, &AdminRoutes::readyz},
      {"/metrics", kRead, true, {}, &AdminRoutes::metrics},
      {"/config", kRead, false, {}, &AdminRoutes::config},
      {"/summary", kRead, false, {}, &AdminRoutes::summary},
      {"/posture", kRead, false, {}, &AdminRoutes::posture},
      {"/users", kRead, false, {}, &AdminRoutes::users},
      {"/clients", kRead, false, {}, &AdminRoutes::clients},
      {"/certs", kRead, false, {}, &AdminRoutes::certificates},
      {"/events", kRead, false, {"n"}, &AdminRoutes::events},
      {"/audit", kRead, false, {}, &AdminRoutes::audit_state},
      {"/reload", kChange, false, {}, &AdminRoutes::reload},
      {"/drain", kChange, false, {}, &AdminRoutes::drain},
      {"/kill", kChange, false, {"user", "id"}, &AdminRoutes::kill},
      {"/unlock", kChange, false, {"user", "source"}, &AdminRoutes::unlock},
      {"/log-level", kChange, false, {"level"}, &AdminRoutes::log_level},
  };
  return routes;
}

const AdminRoutes::Route* AdminRoutes::find(std::string_view path) const {
  const auto found = std::find_if(table().begin(), table().end(), [&](const Route& route) { return route.path == path; });
  const bool is_offered = found != table().end() && (offer_ == Offer::kEverything || found->is_health);
  return is_offered ? &*found : nullptr;
}

void AdminRoutes::answer(AdminRequest request, const Done& done) const {
  const bool is_understood = read_target(request);
  const Route* const route = is_understood ? find(request.path) : nullptr;
  if (std::optional<AdminReply> refusal = refuse(request, route)) {
    note(*refusal);
    if (refusal->status == 401 || refusal->status == 403) audit_refused(request);
    return done(std::move(*refusal));
  }
  for (const auto& [name, value] : request.parameters) {
    if (std::find(route->parameters.begin(), route->parameters.end(), name) == route->parameters.end()) {
      return done(text(400, "unknown parameter\n"));
    }
  }
  (this->*route->handler)(request, route->intent == AdminAccess::Intent::kChange ? audited(request, done) : done);
}

std::optional<AdminReply> AdminRoutes::refuse(const AdminRequest& request, const Route* route) const {
  using enum AdminAccess::Intent;
  const AdminAccess::Intent intent = route != nullptr ? route->intent : kRead;
  const bool is_change = intent == kChange;
  const bool is_post = request.method == "POST";
  // Who asks comes first: strangers learn nothing of what there is.
  switch (access_.judge(is_change && !is_post ? kRead : intent, request.host, request.authorization)) {
    case Access::kGranted: break;
    case Access::kHostMissing: return refusal(RefusedRequest::kHost, 400, "one Host header is needed\n");
    case Access::kHostRefused: return refusal(RefusedRequest::kHost, 403, "this Host is not known: add it to admin.hosts\n");
    case Access::kNoTokenToAskFor: return refusal(RefusedRequest::kToken, 403, "changes are off: set admin.token_file\n");
    case Access::kTokenWanted: {
      AdminReply reply = refusal(RefusedRequest::kToken, 401, "the token of admin.token_file is needed: Authorization: Bearer TOKEN\n");
      reply.authenticate = "Bearer";
      return reply;
    }
  }
  if (route == nullptr) return text(404, "no such path\n");
  const bool fits = is_change ? is_post : request.method == "GET" || request.method == "HEAD";
  if (fits) return std::nullopt;
  AdminReply reply = refusal(RefusedRequest::kMethod, 405, "method not allowed\n");
  reply.allow = is_change ? "POST" : "GET, HEAD";
  return reply;
}

void AdminRoutes::note(const AdminReply& reply) const {
  if (reply.refused && backend_->refused) backend_->refused(*reply.refused);
}

void AdminRoutes::audit(const AdminRequest& request, std::string outcome, const std::string& note) const {
  if (backend_->audit) backend_->audit({request.peer, request.method + " " + request.target + note, std::move(outcome)});
}

// Whoever can connect can be refused as often as he likes, and would push everything else out of the log.
void AdminRoutes::audit_refused(const AdminRequest& request) const {
  if (!refused_lines_.admits(steady_ms())) return;
  const std::size_t left_out = refused_lines_.take_left_out();
  audit(request, "refused", left_out == 0 ? "" : " (and " + std::to_string(left_out) + " before it that have no line)");
}

AdminRoutes::Done AdminRoutes::audited(const AdminRequest& request, const Done& done) const {
  // The workers may answer when the server, and these routes with it, is gone.
  return [self = weak_from_this(), request, done](AdminReply reply) {
    if (const auto routes = self.lock()) routes->audit(request, reply.status < 300 ? "ok" : "failed");
    done(std::move(reply));
  };
}

void AdminRoutes::page(const AdminRequest& /*request*/, const Done& done) const {
  const PageToken token = access_.is_token_for_everything ? PageToken::kAsked : PageToken::kNotAsked;
  done({.type = "text/html; charset=utf-8", .body = page_html(token), .policy = page_policy()});
}

void AdminRoutes::livez(const AdminRequest& /*request*/, const Done& done) const { done(text(200, "ok\n")); }

void AdminRoutes::readyz(const AdminRequest& /*request*/, const Done& done) const {
  const Readiness readiness = backend_->readiness();
  if (readiness.ready) return done(text(200, "ready\n"));
  done(text(503, offer_ == Offer::kHealth ? "not ready\n" : "not ready: " + readiness.why_not + "\n"));
}

void AdminRoutes::metrics(const AdminRequest& /*request*/, const Done& done) const {
  done({.type = "text/plain; version=0.0.4; charset=utf-8", .body = backend_->metrics()});
}

void AdminRoutes::config(const AdminRequest& /*request*/, const Done& done) const { done(json(backend_->config())); }

void AdminRoutes::summary(const AdminRequest& /*request*/, const Done& done) const { done(json(backend_->summary())); }

void AdminRoutes::posture(const AdminRequest& /*request*/, const Done& done) const { done(json(backend_->posture())); }

void AdminRoutes::users(const AdminRequest& /*request*/, const Done& done) const {
  backend_->users([done](std::string body) { done(json(std::move(body))); });
}

void AdminRoutes::clients(const AdminRequest& /*request*/, const Done& done) const {
  backend_->clients([done](std::string body) { done(json(std::move(body))); });
}

void AdminRoutes::certificates(const AdminRequest& /*request*/, const Done& done) const { done(json(backend_->certificates())); }

void AdminRoutes::events(const AdminRequest& request, const Done& done) const {
  const std::string* const n = find_parameter(request, "n");
  const std::optional<std::uint64_t> count = n != nullptr ? number_in(*n) : kDefaultEvents;
  if (!count || *count > kMaxEvents) return done(text(400, "n must be a number up to 1000\n"));
  done(json(json_array_of(backend_->events(static_cast<std::size_t>(*count)))));
}

void AdminRoutes::audit_state(const AdminRequest& /*request*/, const Done& done) const { done(json(backend_->audit_state())); }

void AdminRoutes::reload(const AdminRequest& /*request*/, const Done& done) const {
  backend_->reload([done](const std::string& why_not) {
    done(why_not.empty() ? text(200, "reloaded\n") : text(500, "not reloaded, everything stays as it was: " + why_not + "\n"));
  });
}

void AdminRoutes::drain(const AdminRequest& /*request*/, const Done& done) const {
  backend_->drain();
  done(text(202, "draining\n"));
}

void AdminRoutes::kill(const AdminRequest& request, const Done& done) const {
  const std::string* const user = find_parameter(request, "user");
  const std::string* const id = find_parameter(request, "id");
  const std::optional<std::uint64_t> number = id != nullptr ? number_in(*id) : 0;
  const bool is_one_of_both = (user != nullptr && !user->empty()) != (id != nullptr);
  if (!is_one_of_both || !number || (user != nullptr && id != nullptr)) return done(text(400, "write either user=NAME or id=NUMBER\n"));
  backend_->kill(user != nullptr ? *user : "", *number,
                 [done](std::size_t closed) { done(json("{\"closed\":" + std::to_string(closed) + "}\n")); });
}

void AdminRoutes::unlock(const AdminRequest& request, const Done& done) const {
  const std::string* const user = find_parameter(request, "user");
  const std::string* const source = find_parameter(request, "source");
  if (user == nullptr && source == nullptr) return done(text(400, "write user=NAME, source=ADDRESS or both\n"));
  const auto view = [](const std::string* given) { return given != nullptr ? std::optional<std::string_view>(*given) : std::nullopt; };
  const std::optional<std::size_t> unlocked = backend_->unlock(view(user), view(source));
  if (!unlocked) return done(text(400, "source is an address like 192.0.2.1, or unix:\n"));
  done(json("{\"unlocked\":" + std::to_string(*unlocked) + "}\n"));
}

void AdminRoutes::log_level(const AdminRequest& request, const Done& done) const {
  const std::string* const level = find_parameter(request, "level");
  if (level == nullptr || !backend_->log_level(*level)) return done(text(400, "write level=trace, debug, info, warn, error or off\n"));
  done(text(200, "ok\n"));
}

}  // namespace respgate::proxy
