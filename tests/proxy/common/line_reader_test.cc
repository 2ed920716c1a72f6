#include "proxy/common/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;

// Each line, with a mark where it is cut ("…") and where the file ends within it ("|").
std::vector<std::string> lines_of(const std::string& text, std::size_t max_line = 1000) {
  const TemporaryDirectory directory;
  const int descriptor = open(directory.write("file", text).c_str(), O_RDONLY | O_CLOEXEC);
  LineReader reader(descriptor, max_line);
  std::vector<std::string> lines;
  while (const auto line = reader.next())
    lines.push_back(std::string(line->text) + (line->is_cut ? "..." : "") + (line->has_end ? "" : "|"));
  EXPECT_FALSE(reader.error());
  close(descriptor);
  return lines;
}

TEST(LineReaderTest, LinesAreGivenOneByOne) {
  EXPECT_THAT(lines_of(""), ElementsAre());
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
  EXPECT_THAT(lines_of("a\nb\n\nc\n"), ElementsAre("a", "b", "", "c"));
}

TEST(LineReaderTest, ALastLineWithoutAnEndIsTold) { EXPECT_THAT(lines_of("a\nb"), ElementsAre("a", "b|")); }

TEST(LineReaderTest, LongLinesAreCutAndTheNextIsWhole) {
  const std::string longer(200'000, 'x');
  EXPECT_THAT(lines_of("12345\nab\n", 4), ElementsAre("1234...", "ab"));
  EXPECT_THAT(lines_of("1234\nab\n", 4), ElementsAre("1234", "ab"));
  EXPECT_THAT(lines_of(longer + "\nab\n" + longer + "\n", 4), ElementsAre("xxxx...", "ab", "xxxx..."));
  EXPECT_THAT(lines_of(longer, 4), ElementsAre("xxxx...|"));
}

TEST(LineReaderTest, LinesAcrossTheEdgesOfWhatIsReadAtOnceAreWhole) {
  std::vector<std::string> expected;
  std::string text;
  for (std::size_t i = 0; i < 3000; ++i) {
    expected.emplace_back(i % 97, 'x');
    text += expected.back() + "\n";
  }
  EXPECT_EQ(lines_of(text), expected);
}

TEST(LineReaderTest, WhatCannotBeReadIsAnError) {
  const TemporaryDirectory directory;
  const int descriptor = open(directory.path().c_str(), O_RDONLY | O_CLOEXEC);
  LineReader reader(descriptor, 100);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.error(), std::errc::is_a_directory);
  close(descriptor);
}

}  // namespace
}  // namespace respgate::proxy
