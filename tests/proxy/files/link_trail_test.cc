#include "proxy/files/link_trail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Not;

class LinkTrailTest : public testing::Test {
 protected:
  // The folders within the test's own; those above it are its surroundings' business.
  std::set<std::string> folders(const std::string& file) const {
    std::set<std::string> inside;
    for (const fs::path& folder : folders_on_the_way(directory_.file(file))) {
      std::error_code error;
      const fs::path relative = fs::relative(folder, directory_.path(), error);
      if (!error && *relative.begin() != "..") inside.insert(relative.string());
    }
    return inside;
  }

  TemporaryDirectory directory_;
};

using Folders = std::set<std::string>;

TEST_F(LinkTrailTest, AFileWithoutLinksIsWatchedInItsFolder) {
  directory_.write("a/f", "x");
  EXPECT_EQ(folders("a/f"), Folders{"a"});
}

TEST_F(LinkTrailTest, EveryLinkOnTheWayIsWatchedWhereItIs) {
  directory_.write("2024/token", "x");
  fs::create_directory_symlink("2024", directory_.path() / "..data");
  fs::create_symlink("..data/token", directory_.path() / "token");
  EXPECT_EQ(folders("token"), (Folders{".", "2024"}));
}

TEST_F(LinkTrailTest, ALinkToAnAbsolutePathIsFollowed) {
  directory_.write("far/f", "x");
  directory_.write("near/other", "x");
  fs::create_symlink(directory_.file("far/f"), directory_.path() / "near/f");
  EXPECT_EQ(folders("near/f"), (Folders{"near", "far"}));
}

TEST_F(LinkTrailTest, WhatIsMissingIsAwaitedInTheLastFolderThereIs) {
  directory_.write("a/other", "x");
  EXPECT_EQ(folders("a/f"), Folders{"a"});
  EXPECT_EQ(folders("a/b/c/f"), Folders{"a"});
  fs::create_symlink("gone/f", directory_.path() / "a/dangling");
  EXPECT_EQ(folders("a/dangling"), Folders{"a"});
}

TEST_F(LinkTrailTest, LinksThatGoInCirclesEnd) {
  fs::create_symlink("b", directory_.path() / "a");
  fs::create_symlink("a", directory_.path() / "b");
  EXPECT_EQ(folders("a"), Folders{"."});
}

}  // namespace
}  // namespace respgate::proxy
