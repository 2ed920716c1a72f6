// ACL LOG, from its words to its bytes.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/proxy/local_caller.h"
#include "tests/proxy/process_view_fake.h"

namespace respgate::proxy {
namespace {

using protocol::RespVersion;

class AclLogReplyTest : public testing::Test {
 protected:
  AclLogReplyTest() {
    AclLogEntry entry;
    entry.reason = AclLogEntry::Reason::kKey;
    entry.context = AclLogEntry::Context::kMulti;
    entry.object = "other:1";
    entry.username = "app";
    entry.client_info = "id=3";
    entry.last_ms = 62'250;
    entry.last_unix_ms = 1'700'000'000'000;
    process_.log.add(entry);
  }

  std::string call(acl::ServerTexts texts, RespVersion version, const std::vector<std::string_view>& args) {
    LocalPolicy policy("user admin on nopass ~* &* +@all\n");
    policy.options.texts = texts;
    LocalCaller caller(policy, "admin", version);
    caller.process = &process_;
    return caller.call(args);
  }
  std::string call(const std::vector<std::string_view>& args) { return call(acl::ServerTexts::kRedis72, RespVersion::kResp2, args); }

  FakeProcess process_;
};

TEST_F(AclLogReplyTest, AnEntryHasTheFieldsOfTheServerWhoseTextsAreUsed) {
  const std::string seven =
      "$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$3\r\nkey\r\n$7\r\ncontext\r\n$5\r\nmulti\r\n$6\r\nobject\r\n$7\r\nother:1\r\n"
      "$8\r\nusername\r\n$3\r\napp\r\n$11\r\nage-seconds\r\n";
  const std::string info = "$11\r\nclient-info\r\n$4\r\nid=3\r\n";
  const std::string three =
      "$8\r\nentry-id\r\n:0\r\n$17\r\ntimestamp-created\r\n:1700000000000\r\n$22\r\ntimestamp-last-updated\r\n:1700000000000\r\n";
  EXPECT_EQ(call(acl::ServerTexts::kRedis70, RespVersion::kResp2, {"ACL", "LOG"}), "*1\r\n*14\r\n" + seven + "$4\r\n1.25\r\n" + info);
  EXPECT_EQ(call(acl::ServerTexts::kRedis70, RespVersion::kResp3, {"ACL", "LOG"}), "*1\r\n%7\r\n" + seven + ",1.25\r\n" + info);
  EXPECT_EQ(call(acl::ServerTexts::kRedis72, RespVersion::kResp2, {"ACL", "LOG"}),
            "*1\r\n*20\r\n" + seven + "$4\r\n1.25\r\n" + info + three);
  EXPECT_EQ(call(acl::ServerTexts::kRedis72, RespVersion::kResp3, {"ACL", "LOG"}), "*1\r\n%10\r\n" + seven + ",1.25\r\n" + info + three);
}

TEST_F(AclLogReplyTest, ACertificateIsAFailedLoginToTheOlderServer) {
  AclLogEntry entry;
  entry.reason = AclLogEntry::Reason::kCertificate;
  process_.log.add(entry);
  EXPECT_NE(call(acl::ServerTexts::kRedis70, RespVersion::kResp2, {"ACL", "LOG", "1"}).find("\r\nauth\r\n"), std::string::npos);
  EXPECT_NE(call(acl::ServerTexts::kRedis72, RespVersion::kResp2, {"ACL", "LOG", "1"}).find("\r\ntls-cert\r\n"), std::string::npos);
}

TEST_F(AclLogReplyTest, TheCountIsTakenAsTheServerTakesIt) {
  for (int i = 0; i < 20; ++i) {
    AclLogEntry entry;
    entry.object = std::to_string(i);
    process_.log.add(entry);
  }
  EXPECT_TRUE(call({"ACL", "LOG"}).starts_with("*10\r\n"));
  EXPECT_TRUE(call({"ACL", "LOG", "3"}).starts_with("*3\r\n"));
  EXPECT_TRUE(call({"ACL", "LOG", "9223372036854775807"}).starts_with("*21\r\n"));
  EXPECT_EQ(call({"ACL", "LOG", "0"}), "*0\r\n");
  EXPECT_EQ(call({"ACL", "LOG", "-1"}), "*0\r\n");
  for (const std::string_view bad : {"x", "", "1x", "9223372036854775808"})
    EXPECT_EQ(call({"ACL", "LOG", bad}), "-ERR value is not an integer or out of range\r\n") << bad;
  EXPECT_TRUE(call({"ACL", "LOG", "1", "2"}).starts_with("-ERR "));
}

TEST_F(AclLogReplyTest, ResetForgetsAll) {
  EXPECT_EQ(call({"acl", "log", "rEsEt"}), "+OK\r\n");
  EXPECT_EQ(call({"ACL", "LOG"}), "*0\r\n");
}

TEST_F(AclLogReplyTest, WithoutAProcessThereIsNothing) {
  LocalCaller caller(LocalPolicy("user admin on nopass ~* &* +@all\n"), "admin");
  EXPECT_EQ(caller.call({"ACL", "LOG"}), "*0\r\n");
  EXPECT_EQ(caller.call({"ACL", "LOG", "RESET"}), "+OK\r\n");
}

}  // namespace
}  // namespace respgate::proxy
