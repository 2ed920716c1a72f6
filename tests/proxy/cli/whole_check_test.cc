#include "proxy/cli/whole_check.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class WholeCheckTest : public testing::Test {
 protected:
  std::vector<std::string> errors_of(const std::string& yaml) {
    std::vector<std::string> out;
    for (const ConfigError& error : check_everything(directory_.write("r.yaml", yaml), 0).errors) out.push_back(to_string(error));
    return out;
  }

  TemporaryDirectory directory_;
};

constexpr const char* kNodes = "upstream: {nodes: [\"127.0.0.1:6379\"]}\n";

TEST_F(WholeCheckTest, WhatIsGoodIsSummedUpInOneLine) {
  directory_.write("users.acl", "user alice on >pw +@all\n");
  const CheckReport report = check_everything(
      directory_.write("r.yaml", std::string("listeners: [{address: 127.0.0.1:6380}]\nusers: {file: users.acl}\n") + kNodes), 0);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_THAT(report.summary, HasSubstr("ok: 1 listener, upstream 127.0.0.1:6379, 2 users"));
  EXPECT_EQ(report.summary.find('\n'), std::string::npos);
}

TEST_F(WholeCheckTest, ErrorsOfConfigurationAndUsersFileAreListedTogether) {
  directory_.write("users.acl", "user alice on >pw +nosuch\n");
  const auto errors = errors_of(std::string("listeners: [{address: 0.0.0.0:6380}]\nusers: {file: users.acl}\n") + kNodes);
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_THAT(errors[0], HasSubstr("r.yaml:1:23: "));
  EXPECT_THAT(errors[1], HasSubstr("users.acl:1:19: "));
}

TEST_F(WholeCheckTest, EveryFileThatIsNamedIsLookedAt) {
  const auto errors = errors_of(
      "listeners: [{address: \"unix:none/s.sock\"}]\nusers: {file: users.acl}\n"
      "upstream: {nodes: [\"127.0.0.1:6379\"], credentials: {password_file: pw}}\n"
      "admin: {address: 127.0.0.1:9180, token_file: token, health_address: \"unix:none/h.sock\"}\naudit: {file: none/audit.jsonl}\n");
  ASSERT_EQ(errors.size(), 6u) << testing::PrintToString(errors);
  const char* keys[] = {
      "users.file", "upstream.credentials.password_file", "admin.token_file", "listeners[0].address", "audit.file", "admin.health_address"};
  for (std::size_t i = 0; i < errors.size(); ++i) EXPECT_THAT(errors[i], HasSubstr(keys[i]));
}

TEST_F(WholeCheckTest, NothingIsCreatedByLooking) {
  directory_.write("users.acl", "user alice on >pw\n");
  errors_of(std::string("listeners: [{address: \"unix:s.sock\"}]\nusers: {file: users.acl}\naudit: {file: audit.jsonl}\n") + kNodes);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("s.sock")));
  EXPECT_FALSE(std::filesystem::exists(directory_.file("audit.jsonl")));
}

TEST_F(WholeCheckTest, AConfigurationThatIsNotThereIsOneError) {
  EXPECT_EQ(check_everything(directory_.file("none.yaml"), 0).errors.size(), 1u);
}

}  // namespace
}  // namespace respgate::proxy
