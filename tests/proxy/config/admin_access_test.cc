#include "proxy/config/admin_access.h"

#include <sys/stat.h>

#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using enum AdminAccess::Intent;

TEST(AdminHostTest, IpLiteralsLocalhostAndListedNamesAreAccepted) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9180", "10.2.3.4:80", "[::1]", "[::1]:9180", "[2001:db8::7]:1", "localhost",
                           "localhost:9180", "LocalHost", "respgate.internal:9180", "RESPGATE.internal"}) {
    EXPECT_TRUE(is_host_accepted(host, {"respgate.internal"})) << host;
  }
}

TEST(AdminHostTest, EveryOtherNameIsRefused) {
  for (const char* host : {"",
                           "evil.example",
                           "evil.example:9180",
                           "localhost.evil.example",
                           "127.0.0.1.evil.example",
                           "127.1",
                           "0x7f.0.0.1",
                           "2130706433",
                           "::1",
                           "[::1",
                           "[::1]x",
                           "[localhost]",
                           "[127.0.0.1]",
                           "localhost:evil",
                           "localhost:80:80",
                           "localhost ",
                           " localhost",
                           "127.0.0.1@evil.example",
                           ":9180",
                           "[]",
                           "["}) {
    EXPECT_FALSE(is_host_accepted(host, {"respgate.internal"})) << host;
  }
  EXPECT_FALSE(is_host_accepted(std::string_view("127.0.0.1\0.evil.example", 22), {}));
}

TEST(AdminTokenTest, OnlyTheWholeTokenIsEqual) {
  const AdminToken token("s3cret");
  EXPECT_TRUE(token.equals("s3cret"));
  for (const char* other : {"", "s3cre", "s3cret2", "S3cret", " s3cret"}) EXPECT_FALSE(token.equals(other)) << other;
}

TEST(AdminTokenTest, TheFileMayEndWithANewline) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(AdminToken::from_file(directory.write("token", "s3cret\n"))->equals("s3cret"));
}

TEST(AdminTokenTest, AFileThatHoldsNoTokenIsRefused) {
  const TemporaryDirectory directory;
  for (const char* text : {"", "\n", "two words\n", "two\nlines\n", "gr\xc3\xbc\xc3\x9f"}) {
    EXPECT_FALSE(AdminToken::from_file(directory.write("token", text)).has_value()) << text;
  }
  EXPECT_FALSE(AdminToken::from_file(directory.file("missing")).has_value());
}

TEST(AdminTokenTest, AFileThatOthersMayWriteIsRefused) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("token", "s3cret");
  chmod(file.c_str(), 0622);
  EXPECT_FALSE(AdminToken::from_file(file).has_value());
}

TEST(AdminAccessTest, ChangesNeedTheToken) {
  AdminAccess access;
  EXPECT_EQ(access.judge(kRead, "localhost", ""), Access::kGranted);
  EXPECT_EQ(access.judge(kChange, "localhost", "Bearer s3cret"), Access::kNoTokenToAskFor);
  access.token = AdminToken("s3cret");
  EXPECT_EQ(access.judge(kRead, "localhost", ""), Access::kGranted);
  EXPECT_EQ(access.judge(kChange, "localhost", "Bearer s3cret"), Access::kGranted);
  EXPECT_EQ(access.judge(kChange, "localhost", "bearer s3cret"), Access::kGranted);
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer  s3cret", "Bearer s3cret ", "Basic s3cret", "s3cret", "Bearers3cret"}) {
    EXPECT_EQ(access.judge(kChange, "localhost", wrong), Access::kTokenWanted) << wrong;
  }
}

TEST(AdminAccessTest, WhereOtherMachinesReachEverythingNeedsTheToken) {
  AdminAccess access;
  access.is_token_for_everything = true;
  EXPECT_EQ(access.judge(kRead, "10.0.0.1", ""), Access::kNoTokenToAskFor);
  access.token = AdminToken("s3cret");
  EXPECT_EQ(access.judge(kRead, "10.0.0.1", ""), Access::kTokenWanted);
  EXPECT_EQ(access.judge(kRead, "10.0.0.1", "Bearer s3cret"), Access::kGranted);
}

TEST(AdminAccessTest, WhatHoldsNothingIsOpenToAcceptedHosts) {
  const AdminAccess access{.hosts = {}, .token = AdminToken("s3cret"), .is_token_for_everything = true};
  EXPECT_EQ(access.judge(AdminAccess::Intent::kOpen, "10.0.0.1", ""), Access::kGranted);
  EXPECT_EQ(access.judge(AdminAccess::Intent::kOpen, "evil.example", "Bearer s3cret"), Access::kHostRefused);
  EXPECT_EQ(access.judge(AdminAccess::Intent::kOpen, "", ""), Access::kHostMissing);
}

TEST(AdminAccessTest, TheHostIsJudgedBeforeTheToken) {
  AdminAccess access;
  access.token = AdminToken("s3cret");
  EXPECT_EQ(access.judge(kChange, "evil.example", "Bearer s3cret"), Access::kHostRefused);
  EXPECT_EQ(access.judge(kRead, "", ""), Access::kHostMissing);
}

}  // namespace
}  // namespace respgate::proxy
