#include "proxy/common/input_buffer.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

TEST(InputBufferTest, WhatIsKeptComesBeforeWhatIsFresh) {
  InputBuffer buffer;
  EXPECT_EQ(buffer.join("ab"), "ab");
  buffer.keep("b");
  EXPECT_EQ(buffer.view(), "b");
  const std::string_view joined = buffer.join("cd");
  EXPECT_EQ(joined, "bcd");
  buffer.keep(joined.substr(2));
  EXPECT_EQ(buffer.view(), "d");
}

TEST(InputBufferTest, AnEmptiedBufferGivesTheMemoryOfALargeOneBack) {
  const std::string large(1 << 20, 'x');
  InputBuffer buffer;
  buffer.keep(large);
  EXPECT_GE(buffer.capacity(), large.size());
  buffer.keep(buffer.join("y").substr(large.size() + 1));
  EXPECT_LE(buffer.capacity(), InputBuffer::kKeptCapacity);
  buffer.keep(large);
  buffer.clear();
  EXPECT_LE(buffer.capacity(), InputBuffer::kKeptCapacity);
}

}  // namespace
}  // namespace respgate::proxy
