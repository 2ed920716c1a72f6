#include "proxy/watched_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

class WatchedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "respgate-watch-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }

  std::filesystem::path directory_;
};

TEST_F(WatchedFileTest, AChangeIsReportedOnceAndOnlyWhenItHasSettled) {
  WatchedFile file(write("f", "one"));
  EXPECT_FALSE(file.has_changed());
  write("f", "two and");
  EXPECT_FALSE(file.has_changed()) << "it may still be written";
  write("f", "two and more");
  EXPECT_FALSE(file.has_changed());
  EXPECT_TRUE(file.has_changed());
  EXPECT_FALSE(file.has_changed());
}

TEST_F(WatchedFileTest, ASwappedLinkIsAChange) {
  write("a", "same");
  write("b", "same");
  const std::filesystem::path link = directory_ / "link";
  std::filesystem::create_symlink("a", link);
  WatchedFile file(link.string());
  std::filesystem::create_symlink("b", directory_ / "next");
  std::filesystem::rename(directory_ / "next", link);
  EXPECT_FALSE(file.has_changed());
  EXPECT_TRUE(file.has_changed());
}

TEST_F(WatchedFileTest, AFileThatIsGoneIsNoChangeUntilItIsBack) {
  const std::string path = write("f", "one");
  WatchedFile file(path);
  std::filesystem::remove(path);
  EXPECT_FALSE(file.has_changed());
  EXPECT_FALSE(file.has_changed());
  write("f", "again");
  EXPECT_FALSE(file.has_changed());
  EXPECT_TRUE(file.has_changed());
}

TEST(WatchedFileWithoutPathTest, NeverChanges) {
  WatchedFile file("");
  EXPECT_FALSE(file.has_changed());
  EXPECT_FALSE(file.has_changed());
}

}  // namespace
}  // namespace respgate::proxy
