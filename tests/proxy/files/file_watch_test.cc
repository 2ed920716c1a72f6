#include "proxy/files/file_watch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

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

TEST_P(FileWatchTest, AnotherFolderByTheNameOfOneOnTheWayIsReported) {
  watch({directory_.write("conf/secrets/f", "same")});
  EXPECT_TRUE(stays_quiet());  // it is looked once more after the beginning
  directory_.write("next/secrets/f", "same");
  fs::rename(directory_.path() / "conf", directory_.path() / "old");
  fs::rename(directory_.path() / "next", directory_.path() / "conf");
  EXPECT_TRUE(has_reported(1));
  directory_.write("conf/secrets/f", "other");
  EXPECT_TRUE(has_reported(2));
  directory_.write("old/secrets/f", "nobody's");
  EXPECT_TRUE(stays_quiet());
}

TEST_P(FileWatchTest, WhatHasChangedSinceItWasReadIsReported) {
  const std::vector<std::string> files{directory_.write("f", "one"), directory_.write("g", "one")};
  const FileStamps as_read = stamps_of(files);
  watch_.watch(files, as_read);
  EXPECT_TRUE(stays_quiet());
  watch_.watch({});
  directory_.write("g", "another");
  watch_.watch(files, as_read);
  EXPECT_TRUE(has_reported(1));
  EXPECT_TRUE(stays_quiet());
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
class FileWatchEventsTest : public testing::Test {
 protected:
  static constexpr milliseconds kSettle{20};

  FileWatchEventsTest() { watch_.watch({directory_.write("f", "whole"), directory_.write("g", "one")}); }
  ~FileWatchEventsTest() override { close(); }

  void open() { writer_ = ::open(directory_.file("f").c_str(), O_WRONLY | O_TRUNC); }
  void write(std::string_view text) { EXPECT_EQ(::write(writer_, text.data(), text.size()), static_cast<ssize_t>(text.size())); }
  void close() {
    if (writer_ >= 0) ::close(std::exchange(writer_, -1));
  }
  // Serves events until something is reported, calling `meanwhile` again and again; how long that took.
  template <typename Meanwhile>
  milliseconds time_until_reported(Meanwhile meanwhile) {
    const int before = changes_;
    const auto start = std::chrono::steady_clock::now();
    while (changes_ == before && std::chrono::steady_clock::now() - start < std::chrono::seconds(20)) {
      meanwhile();
      io_.run_one_for(milliseconds(2));
    }
    EXPECT_EQ(changes_, before + 1);
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  }
  void wait_until_reported() {
    time_until_reported([] {});
  }

  TemporaryDirectory directory_;
  boost::asio::io_context io_;
  int changes_ = 0;
  FileWatch watch_{io_, kSettle, [this] { ++changes_; }};
  int writer_ = -1;
};

TEST_F(FileWatchEventsTest, AHalfWrittenFileIsNotLoadedBeforeItIsClosed) {
  open();
  write("half");
  directory_.write("g", "another file is ready, but both are loaded together");
  io_.run_for(10 * kSettle);
  EXPECT_EQ(changes_, 0);
  write(" and half");
  close();
  wait_until_reported();
}

TEST_F(FileWatchEventsTest, OneThatStaysOpenIsLoadedWhenNobodyWritesIt) {
  open();
  write("all of it");
  wait_until_reported();
  directory_.write("g", "this is not held back for good");
  wait_until_reported();
}

TEST_F(FileWatchEventsTest, AFileThatWasCutOffIsLoadedThoughNobodyClosesIt) {
  ASSERT_EQ(::truncate(directory_.file("f").c_str(), 3), 0);
  wait_until_reported();
}

TEST_F(FileWatchEventsTest, AWriterWithoutAPauseHoldsOnlyItsOwnFileBack) {
  open();
  directory_.write("g", "ready");
  const milliseconds waited = time_until_reported([&] { write("x"); });
  EXPECT_GE(waited, kBoundSettles * kSettle - milliseconds(1));
  write("the end");
  close();
  wait_until_reported();
}

// A writer who maps the file is one that inotify says nothing of.
TEST(FileWatchWithoutEventsTest, WhatNoEventTellsOfIsSeenAnyhow) {
  TemporaryDirectory directory;
  boost::asio::io_context io;
  int changes = 0;
  FileWatch watch(
      io, milliseconds(20), [&] { ++changes; }, FileWatch::Events::kWhereThereAre, milliseconds(100));
  const std::string file = directory.write("f", "before");
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  watch.watch({file});
  io.run_for(milliseconds(60));  // it is looked once more after the beginning
  EXPECT_EQ(changes, 0);
  const int descriptor = ::open(file.c_str(), O_RDWR);
  void* const mapped = ::mmap(nullptr, 6, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  std::memcpy(mapped, "after!", 6);
  ASSERT_EQ(::msync(mapped, 6, MS_SYNC), 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (changes == 0 && std::chrono::steady_clock::now() < deadline) io.run_one_for(milliseconds(100));
  EXPECT_EQ(changes, 1);
  ::munmap(mapped, 6);
  ::close(descriptor);
}

}  // namespace
}  // namespace respgate::proxy
