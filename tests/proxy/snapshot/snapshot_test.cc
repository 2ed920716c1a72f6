#include "proxy/snapshot/snapshot.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    directory_.write("users.acl", "user app on >secret ~* +@all\n");
    directory_.write("password", "newest\nolder\n");
    directory_.write("token", "t0ken\n");
    directory_.write("chain", std::string(64, 'a') + "\n");
  }

  Config config() const {
    ConfigResult loaded = load_config(directory_.write("r.yaml",
                                                       "listeners: [{address: 127.0.0.1:6380}]\nusers: {file: users.acl}\n"
                                                       "upstream: {nodes: [\"127.0.0.1:6379\"], credentials: {password_file: password}}\n"
                                                       "admin: {address: 127.0.0.1:9180, token_file: token}\n"
                                                       "audit: {file: stdout, key_file: chain}\n"));
    EXPECT_TRUE(loaded);
    return loaded ? *loaded : Config{};
  }

  TemporaryDirectory directory_;
};

TEST_F(SnapshotTest, HoldsEverythingThatIsDecidedBy) {
  const SnapshotResult snapshot = load_snapshot(config(), 7);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ((*snapshot)->config.listeners.size(), 1u);
  EXPECT_EQ((*snapshot)->policy->generation(), 7u);
  EXPECT_NE((*snapshot)->policy->find("app"), nullptr);
  EXPECT_THAT((*snapshot)->upstream_logins.front().passwords, ElementsAre("newest", "older"));
  ASSERT_TRUE((*snapshot)->admin_token);
  EXPECT_TRUE((*snapshot)->admin_token->equals("t0ken"));
}

TEST_F(SnapshotTest, KnowsItsFilesAsTheyWereBeforeTheyWereRead) {
  const Config loaded = config();
  const FileStamps before = stamps_of(files_behind(loaded));
  directory_.write("r.yaml", "whatever comes after the configuration was read is news");
  directory_.write("token", "new\n");
  const SnapshotResult snapshot = load_snapshot(loaded, 1);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ((*snapshot)->files.size(), before.size());
  EXPECT_EQ((*snapshot)->files.at(directory_.file("r.yaml")), before.at(directory_.file("r.yaml")));
  EXPECT_EQ((*snapshot)->files.at(directory_.file("token")), stamp_of(directory_.file("token")));
}

TEST_F(SnapshotTest, TellsWhatIsWrongInEveryFile) {
  directory_.write("users.acl", "user app on +nosuch\n");
  directory_.write("password", "");
  directory_.write("token", "two words\n");
  const SnapshotResult snapshot = load_snapshot(config(), 1);
  ASSERT_FALSE(snapshot);
  std::vector<std::string> told;
  for (const ConfigError& error : snapshot.error().errors) told.push_back(to_string(error));
  EXPECT_THAT(told, ElementsAre(HasSubstr("users.acl:1:"), HasSubstr("upstream.credentials.password_file"), HasSubstr("admin.token_file")));
}

TEST_F(SnapshotTest, ComesFromTheseFiles) {
  EXPECT_THAT(files_behind(config()), ElementsAre(directory_.file("r.yaml"), directory_.file("users.acl"), directory_.file("token"),
                                                  directory_.file("chain"), directory_.file("password")));
}

}  // namespace
}  // namespace respgate::proxy
