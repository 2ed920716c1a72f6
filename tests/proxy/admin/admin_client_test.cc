#include "proxy/admin/admin_client.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/admin/admin_server.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace asio = boost::asio;

Address address_of(const std::string& text) { return *parse_address(text, "/"); }

// Asks an admin server that has a thread of its own.
class AdminClientTest : public testing::Test {
 protected:
  AdminClientTest() {
    config_.token_file = directory_.write("token", "s3cret\n");
    backend_.readiness = [] { return Readiness{false, "no upstream lane is logged in"}; };
    backend_.kill = [](const std::string& user, std::uint64_t, const auto& done) { done(user == "a b" ? 2 : 0); };
    backend_.users = [](const auto& done) { done(std::string(3'000'000, 'x')); };
  }
  ~AdminClientTest() override {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      server_->stop();
      work_.reset();
    });
    thread_.join();
  }

  void serve(const std::string& address) {
    config_.address = address_of(address);
    server_ = std::make_unique<AdminServer>(io_, config_, backend_);
    thread_ = std::thread([this] { io_.run(); });
  }
  std::string tcp(const std::string& host) const { return host + ":" + std::to_string(server_->port()); }

  static AdminQuestion question(const std::string& address, const std::string& target) {
    AdminQuestion asked;
    asked.address = address_of(address);
    asked.target = target;
    return asked;
  }

  const TemporaryDirectory directory_;
  AdminConfig config_;
  AdminBackend backend_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<AdminServer> server_;
  std::thread thread_;
};

TEST_F(AdminClientTest, AsksOverTcpByAddressAndByName) {
  serve("127.0.0.1:0");
  for (const std::string host : {"127.0.0.1", "localhost", "0.0.0.0"}) {
    const AdminAnswerResult answer = ask_admin(question(tcp(host), "/readyz"));
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->status, 503u);
    EXPECT_EQ(answer->body, "not ready: no upstream lane is logged in\n");
  }
}

TEST_F(AdminClientTest, AsksOverAUnixSocket) {
  const std::string address = "unix:" + directory_.file("admin.sock");
  serve(address);
  const AdminAnswerResult answer = ask_admin(question(address, "/livez"));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->status, 200u);
}

TEST_F(AdminClientTest, ShowsTheTokenItHas) {
  serve("127.0.0.1:0");
  AdminQuestion kill = question(tcp("127.0.0.1"), "/kill?user=a%20b");
  kill.method = "POST";
  const AdminAnswerResult refused = ask_admin(kill);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401u);
  kill.token = "s3cret";
  const AdminAnswerResult done = ask_admin(kill);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->body, "{\"closed\":2}\n");
}

TEST_F(AdminClientTest, ReadsAnAnswerOfMegabytesWhole) {
  serve("127.0.0.1:0");
  const AdminAnswerResult answer = ask_admin(question(tcp("127.0.0.1"), "/users"));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->body.size(), 3'000'000u);
}

TEST_F(AdminClientTest, KnowsWhenNobodyListens) {
  const AdminAnswerResult no_file = ask_admin(question("unix:" + directory_.file("nobody.sock"), "/livez"));
  ASSERT_FALSE(no_file);
  EXPECT_TRUE(no_file.error().nobody_listens);
  asio::ip::tcp::acceptor acceptor(io_, {asio::ip::address_v4::loopback(), 0});
  const std::string address = "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  acceptor.close();
  const AdminAnswerResult no_port = ask_admin(question(address, "/livez"));
  ASSERT_FALSE(no_port);
  EXPECT_TRUE(no_port.error().nobody_listens);
  EXPECT_THAT(no_port.error().what, HasSubstr(address + ": Connection refused"));
}

TEST_F(AdminClientTest, GivesUpOnWhoDoesNotAnswer) {
  const asio::ip::tcp::acceptor silent(io_, {asio::ip::address_v4::loopback(), 0});
  AdminQuestion asked = question("127.0.0.1:" + std::to_string(silent.local_endpoint().port()), "/livez");
  asked.timeout = 50ms;
  const AdminAnswerResult answer = ask_admin(asked);
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().nobody_listens);
  EXPECT_THAT(answer.error().what, HasSubstr("no answer within 50ms"));
}

}  // namespace
}  // namespace respgate::proxy
