#include "proxy/common/trusted_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;

constexpr uid_t kNobody = 65534;

class TrustedFileTest : public testing::Test {
 protected:
  static std::string error_of(const std::filesystem::path& path, std::size_t max_bytes = 1000) {
    const FileResult file = read_trusted_file(path, max_bytes);
    EXPECT_FALSE(file.has_value());
    return file ? "" : file.error().what;
  }

  TemporaryDirectory directory_;
};

TEST_F(TrustedFileTest, AFileOfOnesOwnIsReadWhole) {
  const std::string text = std::string("line\n\0\xff", 7) + std::string(40'000, 'x');
  const FileResult file = read_trusted_file(directory_.write("f", text, 0644), 100'000);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->text, text);
}

TEST_F(TrustedFileTest, AnEmptyFileIsEmptyText) {
  const FileResult file = read_trusted_file(directory_.write("f", ""), 10);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->text, "");
}

TEST_F(TrustedFileTest, AFileThatItsGroupMayWriteIsRefused) {
  EXPECT_THAT(error_of(directory_.write("f", "x", 0620)), HasSubstr("chmod go-w"));
}

TEST_F(TrustedFileTest, AFileThatOthersMayWriteIsRefused) {
  EXPECT_THAT(error_of(directory_.write("f", "x", 0602)), HasSubstr("chmod go-w"));
}

// Only root can give a file away.
TEST_F(TrustedFileTest, AFileOfAnotherUserIsRefusedEvenToRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::filesystem::path file = directory_.write("f", "x", 0600);
  ASSERT_EQ(::chown(file.c_str(), kNobody, 0), 0);
  EXPECT_EQ(error_of(file), "belongs to uid 65534, who would then decide in its place: chown it to root, or run respgate as uid 65534 too");
}

TEST_F(TrustedFileTest, AFileOfRootIsReadByAnybody) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::filesystem::path of_root = directory_.write("root", "x", 0644);
  const std::filesystem::path own = directory_.write("own", "y", 0600);
  const std::filesystem::path of_another = directory_.write("another", "z", 0644);
  ASSERT_EQ(::chown(own.c_str(), kNobody, 0), 0);
  ASSERT_EQ(::chown(of_another.c_str(), kNobody - 1, 0), 0);
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(::seteuid(kNobody), 0);
  const bool reads_roots = read_trusted_file(of_root, 10).has_value();
  const bool reads_own = read_trusted_file(own, 10).has_value();
  const bool reads_anothers = read_trusted_file(of_another, 10).has_value();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(reads_roots);
  EXPECT_TRUE(reads_own);
  EXPECT_FALSE(reads_anothers);
}

TEST_F(TrustedFileTest, AMissingFileIsRefused) { EXPECT_THAT(error_of(directory_.path() / "none"), HasSubstr("No such file")); }

TEST_F(TrustedFileTest, AFolderIsRefused) { EXPECT_THAT(error_of(directory_.path()), HasSubstr("not a regular file")); }

TEST_F(TrustedFileTest, AFifoIsRefusedWithoutWaitingForAWriter) {
  const std::filesystem::path fifo = directory_.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(error_of(fifo), HasSubstr("not a regular file"));
}

TEST_F(TrustedFileTest, ALinkIsJudgedByWhatItPointsTo) {
  std::filesystem::create_symlink(directory_.write("open", "x", 0666), directory_.path() / "bad");
  std::filesystem::create_symlink(directory_.write("closed", "x", 0600), directory_.path() / "good");
  EXPECT_THAT(error_of(directory_.path() / "bad"), HasSubstr("chmod go-w"));
  EXPECT_TRUE(read_trusted_file(directory_.path() / "good", 10).has_value());
}

TEST_F(TrustedFileTest, AFileOverTheLimitIsRefused) {
  EXPECT_TRUE(read_trusted_file(directory_.write("f", "12345"), 5).has_value());
  EXPECT_THAT(error_of(directory_.write("f", "123456"), 5), HasSubstr("larger than 5B"));
}

TEST_F(TrustedFileTest, AnErrorShowsNothingOfTheFile) {
  EXPECT_EQ(error_of(directory_.write("f", "hunter2", 0666)).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace respgate::proxy
