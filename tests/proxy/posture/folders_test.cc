// SEC 6: folders in which everybody may put another file in the place of one that respgate reads.
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/common/clock.h"
#include "proxy/posture/posture.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PostureOfFoldersTest : public testing::Test {
 protected:
  PostureOfFoldersTest() {
    directory_.write("open/users.acl", "user app on >XV2fhK1Qu0app ~app:* +get\n");
    directory_.write("open/token", "a-token-that-nobody-guesses\n");
    directory_.write("open/upstream", "pw\n");
    directory_.write("r.yaml",
                     "listeners: [{address: \"127.0.0.1:6380\", name: main}]\n"
                     "upstream: {nodes: [\"127.0.0.1:6379\"], credentials: {user: respgate, password_file: open/upstream}}\n"
                     "users: {file: open/users.acl}\n"
                     "admin: {address: \"127.0.0.1:9180\", token_file: open/token}\n");
  }

  void set_mode(const std::filesystem::path& folder, unsigned mode) { std::filesystem::permissions(folder, std::filesystem::perms(mode)); }

  // Of folders.
  std::vector<std::string> findings() {
    const ConfigResult config = load_config(directory_.file("r.yaml"));
    if (!config) return {to_string(config.error().errors.front())};
    const SnapshotResult snapshot = load_snapshot(*config, 1);
    if (!snapshot) return {to_string(snapshot.error().errors.front())};
    std::vector<std::string> lines;
    for (const Finding& finding : posture_of(**snapshot, unix_s()))
      if (finding.what.starts_with("folder ")) lines.push_back(to_line(finding));
    return lines;
  }

  TemporaryDirectory directory_;
};

TEST_F(PostureOfFoldersTest, AnOpenFolderIsNamedOnceWithWhatCanBeReplacedThere) {
  EXPECT_THAT(findings(), IsEmpty());
  set_mode(directory_.file("open"), 0777);
  EXPECT_THAT(findings(), ElementsAre("SEC 6  warn  folder " + directory_.file("open") +
                                      " may be written by everybody on this machine  (whoever does can replace " +
                                      directory_.file("open/token") + ", " + directory_.file("open/upstream") + " and " +
                                      directory_.file("open/users.acl") + ", and decides in their place; chmod o-w the folder)"));
  set_mode(directory_.file("open"), 01777);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(PostureOfFoldersTest, TheFolderOfTheConfigurationCounts) {
  set_mode(directory_.path(), 0777);
  EXPECT_THAT(findings(), ElementsAre(HasSubstr(directory_.file("open/users.acl") + " and 1 more, and decides in their place")));
}

}  // namespace
}  // namespace respgate::proxy
