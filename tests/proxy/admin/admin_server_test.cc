#include "proxy/admin/admin_server.h"

#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/admin/page.h"
#include "tests/proxy/http_client.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
namespace asio = boost::asio;

Address address_of(const std::string& text) { return *parse_address(text, "/"); }

int status_of(const std::string& reply) { return reply.size() < 12 ? 0 : std::stoi(reply.substr(9, 3)); }
std::string body_of(const std::string& reply) { return reply.substr(reply.find("\r\n\r\n") + 4); }

// An admin server with a thread of its own, and a backend that writes down what it was asked.
class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    config_.address = address_of("127.0.0.1:0");
    backend_.readiness = [] { return Readiness{false, "no upstream lane is logged in"}; };
    backend_.metrics = [] { return std::string("respgate_build_info{version=\"0\"} 1\n"); };
    backend_.config = [] { return std::string("{\"workers\":2}"); };
    backend_.summary = [] { return std::string("{\"ready\":true}"); };
    backend_.posture = [] { return std::string("[{\"sec\":1}]"); };
    backend_.users = [](const auto& done) { done("[\"app\"]"); };
    backend_.clients = [](const auto& done) { done("[]"); };
    backend_.certificates = [] { return std::string("[{\"days_left\":9}]"); };
    backend_.events = [](std::size_t n) { return std::string(n, 'x').empty() ? "" : "{\"n\":" + std::to_string(n) + "}\n{\"n\":0}\n"; };
    backend_.audit_state = [] { return std::string("{\"head\":null}"); };
    backend_.reload = [this](const auto& done) {
      note("reload");
      done(reload_problem_);
    };
    backend_.drain = [this] { note("drain"); };
    backend_.kill = [this](const std::string& user, std::uint64_t id, const auto& done) {
      note("kill " + user + " " + std::to_string(id));
      done(3);
    };
    backend_.unlock = [this](auto user, auto source) -> std::optional<std::size_t> {
      note("unlock " + std::string(user.value_or("-")) + " " + std::string(source.value_or("-")));
      return source == "nowhere" ? std::nullopt : std::optional<std::size_t>(2);
    };
    backend_.log_level = [this](const std::string& level) { return note("level " + level), level == "debug"; };
    backend_.audit = [this](const AdminAct& act) {
      const std::lock_guard lock(mutex_);
      acts_.push_back(act.request + ": " + act.outcome);
    };
    backend_.refused = [this](RefusedRequest why) {
      const std::lock_guard lock(mutex_);
      refused_.push_back(why);
    };
  }
  ~AdminServerTest() override { stop(); }

  void use_token() { config_.token_file = directory_.write("token", "s3cret\n"); }

  void start() {
    server_ = std::make_unique<AdminServer>(io_, config_, backend_, limits_);
    thread_ = std::thread([this] { io_.run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      server_->stop();
      work_.reset();
    });
    thread_.join();
  }

  std::string exchange(const std::string& request) { return exchange(request, server_->port()); }
  static std::string exchange(const std::string& request, std::uint16_t port) {
    HttpClient client(port);
    client.send(request);
    return client.read_all();
  }
  std::string get(const std::string& target) {
    return exchange("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  std::string post(const std::string& target, const std::string& token = "s3cret") {
    return exchange("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
                    "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }

  void note(std::string call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  std::vector<std::string> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::vector<std::string> acts() {
    const std::lock_guard lock(mutex_);
    return acts_;
  }

  std::vector<RefusedRequest> refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  const TemporaryDirectory directory_;
  AdminConfig config_;
  AdminBackend backend_;
  AdminLimits limits_;
  std::string reload_problem_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<AdminServer> server_;
  std::thread thread_;

 private:
  std::mutex mutex_;
  std::vector<std::string> calls_;
  std::vector<std::string> acts_;
  std::vector<RefusedRequest> refused_;
};

TEST_F(AdminServerTest, AReplyIsNeitherCachedNorGuessedAt) {
  start();
  const std::string reply = get("/livez");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nCache-Control: no-store\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
  EXPECT_EQ(body_of(reply), "ok\n");
}

TEST_F(AdminServerTest, ReadyzSaysWhyNot) {
  start();
  const std::string reply = get("/readyz");
  EXPECT_EQ(status_of(reply), 503);
  EXPECT_EQ(body_of(reply), "not ready: no upstream lane is logged in\n");
}

TEST_F(AdminServerTest, ReadyzIsOkWhenReady) {
  backend_.readiness = [] { return Readiness{true, ""}; };
  start();
  EXPECT_EQ(status_of(get("/readyz")), 200);
}

TEST_F(AdminServerTest, EveryPageIsServedWithItsType) {
  start();
  EXPECT_THAT(get("/metrics"), HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_EQ(body_of(get("/metrics")), "respgate_build_info{version=\"0\"} 1\n");
  EXPECT_THAT(get("/config"), HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_EQ(body_of(get("/config")), "{\"workers\":2}");
  EXPECT_EQ(body_of(get("/summary")), "{\"ready\":true}");
  EXPECT_EQ(body_of(get("/posture")), "[{\"sec\":1}]");
  EXPECT_EQ(body_of(get("/certs")), "[{\"days_left\":9}]");
  EXPECT_EQ(body_of(get("/users")), "[\"app\"]");
  EXPECT_EQ(body_of(get("/clients")), "[]");
  EXPECT_EQ(body_of(get("/events?n=7")), "[{\"n\":7},\n{\"n\":0}]\n");
  EXPECT_EQ(body_of(get("/audit")), "{\"head\":null}");
  EXPECT_EQ(body_of(get("/events")), "[{\"n\":100},\n{\"n\":0}]\n");
  EXPECT_EQ(body_of(get("/events?n=0")), "[]\n");
}

TEST_F(AdminServerTest, ThePageComesWithAPolicyOfItsOwn) {
  start();
  const std::string reply = get("/");
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Security-Policy: " + page_policy() + "\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nReferrer-Policy: no-referrer\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nCache-Control: no-store\r\n"));
  EXPECT_EQ(body_of(reply), page_html(PageToken::kNotAsked));
  EXPECT_THAT(get("/users"), HasSubstr("\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"));
}

TEST_F(AdminServerTest, ThePageIsOnlyLookedAt) {
  use_token();
  start();
  EXPECT_THAT(post("/"), StartsWith("HTTP/1.1 405 "));
  EXPECT_EQ(status_of(get("/?token=s3cret")), 400);
  const std::string head = exchange("HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(head), 200);
  EXPECT_EQ(body_of(head), "");
}

// It holds nothing of the process, and a browser cannot send the token before it has a page to ask for it.
TEST_F(AdminServerTest, AnOpenAddressServesThePageWithoutTheTokenAndNothingElse) {
  use_token();
  config_.address = address_of("0.0.0.0:0");
  start();
  const std::string reply = get("/");
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_EQ(body_of(reply), page_html(PageToken::kAsked));
  EXPECT_THAT(acts(), IsEmpty());
  for (const char* path : {"/summary", "/posture", "/events", "/users", "/certs"}) EXPECT_EQ(status_of(get(path)), 401) << path;
  EXPECT_EQ(status_of(exchange("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")), 403);
}

TEST_F(AdminServerTest, ABadNumberOfEventsIsRefused) {
  start();
  for (const char* n : {"", "-1", "1001", "x", "1x", "99999999999999999999999"}) {
    EXPECT_EQ(status_of(get("/events?n=" + std::string(n))), 400) << n;
  }
}

TEST_F(AdminServerTest, HeadGivesTheHeadAlone) {
  start();
  const std::string reply = exchange("HEAD /config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("Content-Length: 13\r\n"));
  EXPECT_EQ(body_of(reply), "");
}

TEST_F(AdminServerTest, UnknownPathsAndParametersAreRefused) {
  start();
  for (const char* path : {"//", "/index.html", "/nothing", "/livez/", "/LIVEZ", "/../livez"}) EXPECT_EQ(status_of(get(path)), 404) << path;
  EXPECT_EQ(status_of(get("/livez?x=1")), 400);
}

TEST_F(AdminServerTest, AStrangeHostIsRefusedWhateverIsAsked) {
  use_token();
  start();
  for (const char* request : {"GET /livez", "GET /nothing", "POST /drain"}) {
    const std::string reply = exchange(std::string(request) + " HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer s3cret\r\n" +
                                       "Content-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status_of(reply), 403) << request;
  }
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(AdminServerTest, ARequestNeedsExactlyOneHost) {
  start();
  EXPECT_EQ(status_of(exchange("GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n")), 400);
  EXPECT_EQ(status_of(exchange("GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")), 400);
}

TEST_F(AdminServerTest, AHostOfTheConfigurationIsAccepted) {
  config_.hosts = {"respgate.internal"};
  start();
  EXPECT_EQ(status_of(exchange("GET /livez HTTP/1.1\r\nHost: respgate.internal:9180\r\nConnection: close\r\n\r\n")), 200);
}

TEST_F(AdminServerTest, WithoutATokenFileThereAreNoChanges) {
  start();
  const std::string reply = post("/drain");
  EXPECT_EQ(status_of(reply), 403);
  EXPECT_THAT(body_of(reply), HasSubstr("set admin.token_file"));
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(AdminServerTest, AChangeWithoutTheRightTokenIsRefusedAndAudited) {
  use_token();
  start();
  EXPECT_EQ(status_of(post("/reload", "wrong")), 401);
  EXPECT_THAT(exchange("POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
              HasSubstr("WWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(calls(), IsEmpty());
  EXPECT_THAT(acts(), ElementsAre("POST /reload: refused", "POST /drain: refused"));
}

TEST_F(AdminServerTest, ChangesReachTheBackendAndTheAudit) {
  use_token();
  start();
  EXPECT_EQ(status_of(post("/reload")), 200);
  EXPECT_EQ(status_of(post("/drain")), 202);
  EXPECT_EQ(body_of(post("/kill?user=a%20b")), "{\"closed\":3}\n");
  EXPECT_EQ(body_of(post("/kill?id=42")), "{\"closed\":3}\n");
  EXPECT_EQ(status_of(post("/log-level?level=debug")), 200);
  EXPECT_THAT(calls(), ElementsAre("reload", "drain", "kill a b 0", "kill  42", "level debug"));
  EXPECT_THAT(acts(), ElementsAre("POST /reload: ok", "POST /drain: ok", "POST /kill?user=a%20b: ok", "POST /kill?id=42: ok",
                                  "POST /log-level?level=debug: ok"));
}

TEST_F(AdminServerTest, AFailedReloadSaysWhy) {
  use_token();
  reload_problem_ = "users.acl:3:1: no";
  start();
  const std::string reply = post("/reload");
  EXPECT_EQ(status_of(reply), 500);
  EXPECT_THAT(body_of(reply), HasSubstr("users.acl:3:1: no"));
  EXPECT_THAT(acts(), ElementsAre("POST /reload: failed"));
}

TEST_F(AdminServerTest, KillNeedsEitherAUserOrAnId) {
  use_token();
  start();
  for (const char* query :
       {"", "?user=", "?id=", "?id=x", "?id=-1", "?id=99999999999999999999999", "?user=a&id=1", "?user=&id=1", "?name=a"}) {
    EXPECT_EQ(status_of(post("/kill" + std::string(query))), 400) << query;
  }
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(AdminServerTest, UnlockNeedsAUserOrASource) {
  use_token();
  start();
  EXPECT_EQ(body_of(post("/unlock?user=a%20b")), "{\"unlocked\":2}\n");
  EXPECT_EQ(body_of(post("/unlock?source=2001:db8::1")), "{\"unlocked\":2}\n");
  EXPECT_EQ(body_of(post("/unlock?user=app&source=unix:")), "{\"unlocked\":2}\n");
  EXPECT_EQ(status_of(post("/unlock?source=nowhere")), 400);
  EXPECT_THAT(calls(), ElementsAre("unlock a b -", "unlock - 2001:db8::1", "unlock app unix:", "unlock - nowhere"));
  EXPECT_THAT(acts(), ElementsAre("POST /unlock?user=a%20b: ok", "POST /unlock?source=2001:db8::1: ok",
                                  "POST /unlock?user=app&source=unix:: ok", "POST /unlock?source=nowhere: failed"));
  for (const char* query : {"", "?name=a"}) EXPECT_EQ(status_of(post("/unlock" + std::string(query))), 400) << query;
  EXPECT_EQ(calls().size(), 4u);
}

TEST_F(AdminServerTest, AnUnknownLogLevelIsRefused) {
  use_token();
  start();
  EXPECT_EQ(status_of(post("/log-level?level=loud")), 400);
  EXPECT_EQ(status_of(post("/log-level")), 400);
}

TEST_F(AdminServerTest, EveryRefusalIsCountedByItsReason) {
  use_token();
  limits_.request_bytes = 1024;
  start();
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  exchange("GET /livez HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  exchange("GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n");
  post("/reload", "wrong");
  get("/reload");
  exchange("GET /livez" + head + "X: " + std::string(2000, 'x') + "\r\n\r\n");
  exchange("POST /reload" + head + "Content-Length: 2000\r\n\r\n");
  exchange("no request\r\n\r\n");
  get("/livez");
  get("/nothing");
  using enum RefusedRequest;
  EXPECT_THAT(refused(), ElementsAre(kHost, kHost, kToken, kMethod, kTooLarge, kTooLarge, kMalformed));
}

TEST_F(AdminServerTest, AChangeByGetIsNotAllowed) {
  use_token();
  start();
  for (const char* path : {"/reload", "/drain", "/kill?user=app", "/unlock?user=app", "/log-level?level=debug"}) {
    const std::string reply = get(path);
    EXPECT_EQ(status_of(reply), 405) << path;
    EXPECT_THAT(reply, HasSubstr("\r\nAllow: POST\r\n"));
  }
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(AdminServerTest, OtherMethodsAreNotAllowed) {
  use_token();
  start();
  EXPECT_THAT(post("/users"), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"}) {
    EXPECT_EQ(status_of(exchange(std::string(method) + " /drain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")), 405) << method;
  }
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(AdminServerTest, AnOpenAddressNeedsTheTokenForEverything) {
  use_token();
  config_.address = address_of("0.0.0.0:0");
  start();
  EXPECT_EQ(status_of(get("/livez")), 401);
  EXPECT_EQ(status_of(get("/nothing")), 401);
  EXPECT_EQ(status_of(exchange("GET /livez HTTP/1.1\r\nHost: 10.0.0.1\r\nAuthorization: Bearer s3cret\r\nConnection: close\r\n\r\n")), 200);
}

TEST_F(AdminServerTest, AnOpenAddressWithoutATokenFileIsNotServed) {
  config_.address = address_of("0.0.0.0:0");
  try {
    const AdminServer server(io_, config_, backend_);
    FAIL() << "served";
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("0.0.0.0:0"));
    EXPECT_THAT(error.what(), HasSubstr("admin.token_file"));
  }
}

TEST_F(AdminServerTest, TheHealthAddressTellsHealthAndNothingElse) {
  use_token();
  config_.health_address = address_of("0.0.0.0:0");
  start();
  const auto ask = [&](const std::string& target) {
    return exchange("GET " + target + " HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n", server_->health_port());
  };
  EXPECT_EQ(status_of(ask("/livez")), 200);
  EXPECT_EQ(body_of(ask("/readyz")), "not ready\n");
  EXPECT_EQ(status_of(ask("/metrics")), 200);
  for (const char* path :
       {"/", "/config", "/summary", "/posture", "/users", "/clients", "/certs", "/events", "/audit", "/reload", "/drain"})
    EXPECT_EQ(status_of(ask(path)), 404) << path;
}

TEST_F(AdminServerTest, ConnectionsAreKeptForTheNextRequest) {
  start();
  HttpClient client(server_->port());
  client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /config HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(body_of(client.read_reply()), "ok\n");
  EXPECT_EQ(body_of(client.read_reply()), "{\"workers\":2}");
  client.send("GET /users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body_of(client.read_all()), "[\"app\"]");
}

TEST_F(AdminServerTest, AHeadThatIsTooLargeIsRefused) {
  start();
  EXPECT_EQ(status_of(exchange("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Big: " + std::string(70'000, 'x') + "\r\n\r\n")), 431);
  EXPECT_EQ(status_of(exchange("GET /" + std::string(8'000'000, 'x'))), 431);
}

TEST_F(AdminServerTest, ABodyThatIsTooLargeIsRefused) {
  use_token();
  start();
  const std::string head = "POST /drain HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer s3cret\r\n";
  EXPECT_EQ(status_of(exchange(head + "Content-Length: 999999999999\r\n\r\n")), 413);
  EXPECT_EQ(status_of(exchange(head + "Content-Length: 65537\r\n\r\n" + std::string(65'537, 'x'))), 413);
  EXPECT_EQ(status_of(exchange(head + "Transfer-Encoding: chunked\r\n\r\n11170\r\n" + std::string(70'000, 'x') + "\r\n0\r\n\r\n")), 413);
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(AdminServerTest, WhatIsNotHttpIsRefused) {
  start();
  for (const char* bytes : {"*1\r\n$4\r\nPING\r\n", "PING\r\n\r\n", "GET /livez\r\n\r\n", "GET /livez HTTP/1.1\r\nHost localhost\r\n\r\n",
                            "POST /drain HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
    EXPECT_EQ(status_of(exchange(bytes)), 400) << bytes;
  }
}

TEST_F(AdminServerTest, AClientThatStopsInMidRequestIsClosed) {
  limits_.client_timeout = 50ms;
  start();
  for (const char* bytes :
       {"", "GET /livez HTTP/1.1\r\nHost: lo", "POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"}) {
    EXPECT_EQ(exchange(bytes), "") << bytes;
  }
}

TEST_F(AdminServerTest, AClientThatClosesItsSideIsForgotten) {
  limits_.connections = 1;
  start();
  for (int i = 0; i < 3; ++i) {
    HttpClient client(server_->port());
    client.send("GET /livez HT");
    client.finish_sending();
    EXPECT_EQ(client.read_all(), "");
  }
}

TEST_F(AdminServerTest, WhoeverComesLastIsServedBeforeThoseWhoAskNothing) {
  limits_.connections = 2;
  start();
  HttpClient silent(server_->port());
  HttpClient idle(server_->port());
  idle.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(idle.read_reply()), 200);
  HttpClient late(server_->port());
  late.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(late.read_reply()), 200);
  EXPECT_EQ(silent.read_all(), "") << "it had been there longest";
  idle.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(idle.read_reply()), 200);
}

TEST_F(AdminServerTest, AndBeforeThoseWhoAreToldThatNothingMoreComesAndDoNotClose) {
  limits_.connections = 2;
  start();
  HttpClient refused(server_->port());
  refused.send("PING\r\n\r\n");
  EXPECT_EQ(status_of(refused.read_reply()), 400);
  HttpClient done(server_->port());
  done.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(done.read_reply()), 200);
  EXPECT_EQ(status_of(get("/livez")), 200);
}

TEST_F(AdminServerTest, AndBeforeThoseWhoDoNotReadTheirReply) {
  limits_.connections = 1;
  backend_.clients = [](const std::function<void(std::string)>& answer) { answer(std::string(std::size_t{64} << 20, 'x')); };
  start();
  HttpClient deaf(server_->port());
  deaf.send("GET /clients HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(deaf.read_some().substr(0, 12), "HTTP/1.1 200");  // the rest finds no room
  EXPECT_EQ(status_of(get("/livez")), 200);
}

TEST_F(AdminServerTest, WhileAllAreBeingAnsweredAnotherIsClosedAtOnce) {
  limits_.connections = 1;
  std::promise<std::function<void(std::string)>> asked;
  backend_.clients = [&](std::function<void(std::string)> done) { asked.set_value(std::move(done)); };
  start();
  HttpClient asking(server_->port());
  asking.send("GET /clients HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::function<void(std::string)> answer = asked.get_future().get();
  EXPECT_EQ(HttpClient(server_->port()).read_all(), "");
  asio::post(io_, [&] { answer("[1]"); });
  EXPECT_EQ(body_of(asking.read_reply()), "[1]");
}

// Anybody who can connect can be refused a thousand times a second.
TEST_F(AdminServerTest, OfManyRefusalsTheAuditHasSomeAndHowManyItHasNot) {
  constexpr std::size_t kMany = 1000;
  start();
  std::string requests;
  for (std::size_t i = 1; i < kMany; ++i) requests += "POST /drain HTTP/1.1\r\nHost: elsewhere\r\n\r\n";
  exchange(requests + "POST /drain HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(refused().size(), kMany) << "all are counted";
  EXPECT_GE(acts().size(), 50U);
  EXPECT_LT(acts().size(), kMany);
  EXPECT_EQ(acts().front(), "POST /drain: refused");
}

TEST_F(AdminServerTest, AnAnswerMayComeLater) {
  backend_.clients = [this](std::function<void(std::string)> done) { asio::post(io_, [done = std::move(done)] { done("[1]"); }); };
  start();
  EXPECT_EQ(body_of(get("/clients")), "[1]");
}

TEST_F(AdminServerTest, AnAnswerThatDoesNotComeIsNotWaitedForForever) {
  limits_.backend_timeout = 50ms;
  std::function<void(std::string)> never;
  backend_.clients = [&](std::function<void(std::string)> done) { never = std::move(done); };
  start();
  EXPECT_EQ(status_of(get("/clients")), 504);
  EXPECT_EQ(status_of(get("/livez")), 200);
  stop();
  never("[]");  // too late for anybody
}

TEST_F(AdminServerTest, StopClosesConnectionsAndAsksTheBackendNoMore) {
  use_token();
  std::function<void(std::size_t)> later;
  std::promise<void> asked;
  backend_.kill = [&](const std::string& /*user*/, std::uint64_t /*id*/, std::function<void(std::size_t)> done) {
    later = std::move(done);
    asked.set_value();
  };
  start();
  HttpClient idle(server_->port());
  HttpClient waiting(server_->port());
  waiting.send("POST /kill?user=app HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer s3cret\r\nContent-Length: 0\r\n\r\n");
  asked.get_future().wait();
  asio::post(io_, [&] {
    server_->stop();
    later(1);
    work_.reset();
  });
  thread_.join();
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(waiting.read_all(), "");
  EXPECT_THAT(acts(), IsEmpty());
}

TEST_F(AdminServerTest, ADrainMayEndTheServer) {
  use_token();
  backend_.drain = [this] { server_->stop(); };
  start();
  EXPECT_EQ(post("/drain"), "");
}

TEST_F(AdminServerTest, AnAddressInUseIsNamed) {
  start();
  AdminConfig same;
  same.address = address_of("127.0.0.1:" + std::to_string(server_->port()));
  asio::io_context io;
  try {
    const AdminServer second(io, same, backend_);
    FAIL() << "listens twice";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::address_in_use);
    EXPECT_THAT(error.what(), HasSubstr(same.address->text));
  }
}

TEST_F(AdminServerTest, AUnixSocketIsForItsOwnerOnly) {
  config_.address = address_of("unix:" + directory_.file("admin.sock"));
  start();
  struct stat status {};
  ASSERT_EQ(stat(directory_.file("admin.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  HttpClient client(directory_.file("admin.sock"));
  client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(client.read_all()), 200);
}

TEST_F(AdminServerTest, ASocketFileThatNobodyListensOnIsReplaced) {
  config_.address = address_of("unix:" + directory_.file("admin.sock"));
  asio::io_context io;
  { const AdminServer gone(io, config_, backend_); }
  io.poll();
  start();
  HttpClient client(directory_.file("admin.sock"));
  client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(client.read_all()), 200);
}

TEST_F(AdminServerTest, ASocketFileThatIsInUseStays) {
  config_.address = address_of("unix:" + directory_.file("admin.sock"));
  start();
  asio::io_context io;
  EXPECT_THROW(AdminServer(io, config_, backend_), std::system_error);
  HttpClient client(directory_.file("admin.sock"));
  client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(client.read_all()), 200);
}

TEST_F(AdminServerTest, AFileThatIsNoSocketStays) {
  config_.address = address_of("unix:" + directory_.write("precious", "data"));
  asio::io_context io;
  EXPECT_THROW(AdminServer(io, config_, backend_), std::system_error);
  EXPECT_EQ(read_whole(directory_.file("precious")), "data");
}

}  // namespace
}  // namespace respgate::proxy
