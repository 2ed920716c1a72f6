#include "protocol/reply_elements.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

using Elements = std::vector<std::string_view>;

TEST(ReplyElementsTest, EachElementHasAllItsBytes) {
  EXPECT_EQ(array_elements("*0\r\n", RespVersion::kResp2), Elements());
  EXPECT_EQ(array_elements("*3\r\n+OK\r\n$4\r\n*1\r\n\r\n*2\r\n:1\r\n*0\r\n", RespVersion::kResp2),
            (Elements{"+OK\r\n", "$4\r\n*1\r\n\r\n", "*2\r\n:1\r\n*0\r\n"}));
  EXPECT_EQ(array_elements("*2\r\n|1\r\n+ttl\r\n:1\r\n_\r\n%1\r\n+a\r\n,1.5\r\n", RespVersion::kResp3),
            (Elements{"|1\r\n+ttl\r\n:1\r\n_\r\n", "%1\r\n+a\r\n,1.5\r\n"}));
}

TEST(ReplyElementsTest, WhatIsNoArrayHasNone) {
  for (const std::string_view wire : {"*-1\r\n", "_\r\n", "-EXECABORT x\r\n", "$1\r\na\r\n"})
    EXPECT_EQ(array_elements(wire, RespVersion::kResp3), std::nullopt) << wire;
}

}  // namespace
}  // namespace respgate::protocol
