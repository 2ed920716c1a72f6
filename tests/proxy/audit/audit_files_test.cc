#include "proxy/audit/audit_files.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/common/line_reader.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RotatedSetTest : public testing::Test {
 protected:
  RotatedSetTest() {
    directory_.write("a", "newest\n");
    directory_.write("a.1", "middle\n");
    directory_.write("a.2", "oldest\n");
  }

  std::vector<RotatedFile> find() {
    auto found = find_rotated_set(directory_.file("a"));
    return found ? *found : (ADD_FAILURE() << found.error(), std::vector<RotatedFile>());
  }

  void move(const std::string& from, const std::string& to) {
    ASSERT_EQ(std::rename(directory_.file(from).c_str(), directory_.file(to).c_str()), 0);
  }

  void rotate() {
    move("a.2", "a.3");
    move("a.1", "a.2");
    move("a", "a.1");
    directory_.write("a", "newer than the newest\n");
  }

  // Its first line, or why there is none.
  static std::string line_of(const RotatedFile& file) {
    const auto opened = file.open();
    if (!opened) return opened.error();
    LineReader reader(opened->descriptor(), 100);
    const auto line = reader.next();
    return line ? std::string(line->text) : "";
  }

  TemporaryDirectory directory_;
};

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

TEST_F(RotatedSetTest, TheOldestComesFirstAndNoneIsOpenBeforeItsTurn) {
  const std::ptrdiff_t before = open_descriptors();
  const std::vector<RotatedFile> found = find();
  EXPECT_EQ(open_descriptors(), before);
  std::vector<std::string> lines;
  for (const RotatedFile& file : found) lines.push_back(line_of(file));
  EXPECT_THAT(lines, ElementsAre("oldest", "middle", "newest"));
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(RotatedSetTest, WhatIsRotatedBetweenTwoOfThemIsFoundUnderItsNewName) {
  const std::vector<RotatedFile> found = find();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(line_of(found[0]), "oldest");
  rotate();
  EXPECT_EQ(line_of(found[1]), "middle");
  EXPECT_EQ(found[1].open()->name(), directory_.file("a.2"));
  EXPECT_EQ(line_of(found[2]), "newest");
}

TEST_F(RotatedSetTest, OneThatIsGoneIsNamedAndNoOtherTakenForIt) {
  const std::vector<RotatedFile> found = find();
  ASSERT_EQ(found.size(), 3u);
  ASSERT_EQ(::unlink(directory_.file("a.2").c_str()), 0);
  EXPECT_THAT(line_of(found[0]), HasSubstr("a.2: was removed, or replaced"));
  EXPECT_EQ(line_of(found[1]), "middle");
}

TEST_F(RotatedSetTest, WithoutTheFileItselfThereIsNothing) {
  ASSERT_EQ(::unlink(directory_.file("a").c_str()), 0);
  const auto found = find_rotated_set(directory_.file("a"));
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error(), HasSubstr("a: No such file"));
}

}  // namespace
}  // namespace respgate::proxy
