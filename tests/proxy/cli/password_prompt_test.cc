#include "proxy/cli/password_prompt.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;

// What read_password() makes of a pipe that holds `text`.
boost::system::result<Password, PasswordProblem> read_from_pipe(const std::string& text) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  auto password = read_password(ends[0]);
  ::close(ends[0]);
  return password;
}

TEST(PasswordPromptTest, TheNewlineAtTheEndIsNotPartOfIt) {
  EXPECT_EQ(read_from_pipe("s3cret\n")->text, "s3cret");
  EXPECT_EQ(read_from_pipe("s3cret")->text, "s3cret");
  EXPECT_EQ(read_from_pipe(" two words ")->text, " two words ");
}

TEST(PasswordPromptTest, AnEmptyPasswordIsRefused) {
  EXPECT_THAT(read_from_pipe("").error().what, HasSubstr("an empty password"));
  EXPECT_THAT(read_from_pipe("\n").error().what, HasSubstr("an empty password"));
}

TEST(PasswordPromptTest, FourKibibytesAreTheMost) {
  EXPECT_EQ(read_from_pipe(std::string(4096, 'x') + "\n")->text.size(), 4096u);
  EXPECT_THAT(read_from_pipe(std::string(4097, 'x') + "\n").error().what, HasSubstr("more than 4096 bytes"));
  EXPECT_THAT(read_from_pipe(std::string(60'000, 'x')).error().what, HasSubstr("more than 4096 bytes"));
}

TEST(PasswordPromptTest, TwoLinesAreRefusedWithoutShowingThem) {
  const std::string error = read_from_pipe("hunter2\nhunter3\n").error().what;
  EXPECT_THAT(error, HasSubstr("more than one line"));
  EXPECT_THAT(error, Not(HasSubstr("hunter")));
}

TEST(PasswordPromptTest, ADescriptorThatCannotBeReadIsAnError) {
  EXPECT_THAT(read_password(-1).error().what, HasSubstr("could not be read"));
}

}  // namespace
}  // namespace respgate::proxy
