#include "proxy/admin/request.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using Parameters = std::map<std::string, std::string>;

bool reads(const std::string& target, AdminRequest& request) {
  request = {};
  request.target = target;
  return read_target(request);
}

TEST(AdminRequestTest, PathAndParametersAreTakenApart) {
  AdminRequest request;
  ASSERT_TRUE(reads("/kill?user=app&id=7", request));
  EXPECT_EQ(request.path, "/kill");
  EXPECT_EQ(request.parameters, (Parameters{{"user", "app"}, {"id", "7"}}));
  ASSERT_TRUE(reads("/livez", request));
  EXPECT_EQ(request.path, "/livez");
  EXPECT_TRUE(request.parameters.empty());
}

TEST(AdminRequestTest, ValuesAreDecodedOnce) {
  AdminRequest request;
  ASSERT_TRUE(reads("/kill?user=a%26b%3Dc%2541+d", request));
  EXPECT_EQ(request.parameters, (Parameters{{"user", "a&b=c%41+d"}}));
}

TEST(AdminRequestTest, WhatTwoReadersCouldReadDifferentlyIsRefused) {
  AdminRequest request;
  for (const char* target : {"", "*", "livez", "http://localhost/livez", "/kill?", "/kill?user", "/kill?user=a&", "/kill?user=a&user=b",
                             "/kill?user=%4", "/kill?user=%", "/kill?user=%zz", "/kill?user=%+4", "/kill?user=% 4"}) {
    EXPECT_FALSE(reads(target, request)) << target;
  }
}

TEST(AdminRequestTest, APathIsNotDecoded) {
  AdminRequest request;
  ASSERT_TRUE(reads("/%6civez", request));
  EXPECT_EQ(request.path, "/%6civez");
}

}  // namespace
}  // namespace respgate::proxy
