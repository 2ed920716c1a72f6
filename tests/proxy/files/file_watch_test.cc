#include "proxy/files/file_watch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Each test is run with events and without: what is noticed is the same.
class FileWatchTest : public testing::TestWithParam<FileWatch::Events> {
 protected:
  static constexpr milliseconds kSettle{40};
  static constexpr std::chrono::seconds kPatience{20};

  void watch(const std::vector<std::string>& files) { watch_.watch(files); }

  // Serves events until `n` changes were reported in all; false when the patience ends.
  bool has_reported(int n) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (changes_ < n && std::chrono::steady_clock::now() < deadline) io_.run_one_for(milliseconds(100));
    return changes_ == n;
  }
  // Nothing is reported, though it is looked several times more.
  bool stays_quiet() {
    const int before = changes_;
    io_.run_for(8 * kSettle);
    return changes_ == before;
  }

  TemporaryDirectory directory_;
  boost::asio::io_context io_;
  int changes_ = 0;
  FileWatch watch_{io_, kSettle, [this] { ++changes_; }, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, FileWatchTest, testing::Values(FileWatch::Events::kWhereThereAre, FileWatch::Events::kNever),
                         [](const auto& events) { return events.param == FileWatch::Events::kNever ? "Polling" : "Events"; });

TEST_P(FileWatchTest, WhatIsThereAtFirstIsKnown) {
  watch({directory_.write("f", "one")});
  EXPECT_TRUE(stays_quiet());
}

TEST_P(FileWatchTest, AFileWrittenInPlaceIsReportedOnce) {
  watch({directory_.write("f", "one")});
  directory_.write("f", "one and two");
  EXPECT_TRUE(has_reported(1));
  EXPECT_TRUE(stays_quiet());
  directory_.write("f", "three");
  EXPECT_TRUE(has_reported(2));
}

TEST_P(FileWatchTest, AFileMovedIntoPlaceIsReported) {
  watch({directory_.write("f", "same")});
  fs::rename(directory_.write("next", "same"), directory_.file("f"));
  EXPECT_TRUE(has_reported(1));
}

TEST_P(FileWatchTest, ALinkSwappedInTheMiddleIsReported) {
  directory_.write("2023/token", "same");
  directory_.write("2024/token", "same");
  fs::create_directory_symlink("2023", directory_.path() / "..data");
  fs::create_symlink("..data/token", directory_.path() / "token");
  watch({directory_.file("token")});
  fs::create_directory_symlink("2024", directory_.path() / "..data_tmp");
  fs::rename(directory_.path() / "..data_tmp", directory_.path() / "..data");
  EXPECT_TRUE(has_reported(1));
  directory_.write("2024/token", "other");  // where it leads now is watched, too
  EXPECT_TRUE(has_reported(2));
  directory_.write("2023/token", "nobody's");
  EXPECT_TRUE(stays_quiet());
}

TEST_P(FileWatchTest, AMissingFileIsWaitedFor) {
  watch({directory_.write("f", "one")});
  fs::remove(directory_.file("f"));
  EXPECT_TRUE(stays_quiet());
  directory_.write("f", "again");
  EXPECT_TRUE(has_reported(1));
}

TEST_P(FileWatchTest, AFolderThatGoesAndComesBackIsFoundAgain) {
  watch({directory_.write("a/b/f", "one")});
  fs::remove_all(directory_.path() / "a");
  EXPECT_TRUE(stays_quiet());
  directory_.write("a/b/f", "again");
  EXPECT_TRUE(has_reported(1));
  directory_.write("a/b/f", "and again");
  EXPECT_TRUE(has_reported(2));
}

TEST_P(FileWatchTest, ABurstOfChangesIsOne) {
  watch({directory_.write("f", "one"), directory_.write("g", "one")});
  for (int i = 0; i < 20; ++i) {
    directory_.write("f", "content " + std::to_string(i));
    directory_.write("g", "content " + std::to_string(i * i));
    io_.run_one_for(milliseconds(1));
  }
  EXPECT_TRUE(has_reported(1));
  EXPECT_TRUE(stays_quiet());
}

TEST_P(FileWatchTest, OtherRightsOnAFileAreAChange) {
  watch({directory_.write("f", "one")});
  ASSERT_EQ(::chmod(directory_.file("f").c_str(), 0640), 0);
  EXPECT_TRUE(has_reported(1));
}

TEST_P(FileWatchTest, WhatSomebodyIsAboutToReadNeedsNoReport) {
  watch({directory_.write("f", "one")});
  directory_.write("f", "two");
  watch_.catch_up();
  EXPECT_TRUE(stays_quiet());
}

TEST_P(FileWatchTest, AChangeBetweenTwoListsOfFilesIsNotLost) {
  watch({directory_.write("f", "one")});
  directory_.write("f", "two and");
  watch({directory_.file("f"), directory_.write("g", "one")});
  EXPECT_TRUE(has_reported(1));
}

TEST_P(FileWatchTest, FilesNoLongerWatchedAreNobodysBusiness) {
  watch({directory_.write("f", "one"), directory_.write("g", "one")});
  watch({directory_.file("g")});
  directory_.write("f", "two");
  EXPECT_TRUE(stays_quiet());
}

TEST_P(FileWatchTest, OtherFilesOfTheFolderPutNothingOff) {
  watch({directory_.write("f", "one")});
  directory_.write("f", "two and");
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (changes_ == 0 && std::chrono::steady_clock::now() < deadline) {
    directory_.write("busy", "x");
    io_.run_one_for(milliseconds(2));
  }
  EXPECT_EQ(changes_, 1);
}

// Only events tell that a file is still open for writing.
TEST(FileWatchEventsTest, AHalfWrittenFileIsNotLoadedBeforeItIsClosed) {
  TemporaryDirectory directory;
  boost::asio::io_context io;
  int changes = 0;
  FileWatch watch(io, milliseconds(20), [&] { ++changes; });
  watch.watch({directory.write("f", "whole"), directory.write("g", "one")});
  const int writer = ::open(directory.file("f").c_str(), O_WRONLY | O_TRUNC);
  ASSERT_GE(writer, 0);
  ASSERT_EQ(::write(writer, "half", 4), 4);
  directory.write("g", "another file is ready, but both are loaded together");
  io.run_for(milliseconds(200));
  EXPECT_EQ(changes, 0);
  ASSERT_EQ(::write(writer, " and half", 9), 9);
  ::close(writer);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (changes == 0 && std::chrono::steady_clock::now() < deadline) io.run_one_for(milliseconds(100));
  EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace respgate::proxy
