#include "proxy/aws/url.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

TEST(AwsUrlTest, AnAddressIsTakenApart) {
  const auto url = parse_aws_url("http://169.254.170.23/v1/credentials?a=b");
  ASSERT_TRUE(url);
  EXPECT_FALSE(url->is_https);
  EXPECT_EQ(url->host, "169.254.170.23");
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->target, "/v1/credentials?a=b");
  EXPECT_EQ(url->authority(), "169.254.170.23");
}

TEST(AwsUrlTest, AnIpv6AddressStandsInBrackets) {
  const auto url = parse_aws_url("https://[fd00:ec2::23]:8443");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "fd00:ec2::23");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/");
  EXPECT_EQ(url->authority(), "[fd00:ec2::23]:8443");
}

TEST(AwsUrlTest, WhatIsNoPlainAddressIsRefused) {
  for (const char* text : {"", "ftp://a/", "http://", "http:///x", "http://user@host/", "http://user:1@host/", "http://host:0/",
                           "http://host:99999/", "http://host:/", "http://[::1/", "http://[]/", "http://a b/", "http://host/\r\nX: y",
                           "http://host/#f", "http://ho\\st/", "HTTP://host/", "host/x", "http://::1/"})
    EXPECT_FALSE(parse_aws_url(text)) << text;
}

TEST(AwsUrlTest, OnlyThisMachineIsLoopback) {
  for (const char* text : {"http://127.0.0.1:1/", "http://127.9.9.9/", "http://localhost/", "http://[::1]/"})
    EXPECT_TRUE(parse_aws_url(text)->is_loopback()) << text;
  for (const char* text :
       {"http://127.evil.example/", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "http://10.0.0.1/"})
    EXPECT_FALSE(parse_aws_url(text)->is_loopback()) << text;
}

TEST(AwsUrlTest, AContainersCredentialsComeFromTrustedPlacesOnly) {
  for (const char* text : {"https://anywhere.example/", "http://localhost:8080/", "http://127.0.0.1/", "http://[::1]/",
                           "http://169.254.170.2/x", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"})
    EXPECT_TRUE(may_serve_container(*parse_aws_url(text))) << text;
  for (const char* text :
       {"http://anywhere.example/", "http://169.254.169.254/", "http://169.254.170.2.evil.example/", "http://[fd00:ec2::254]/"})
    EXPECT_FALSE(may_serve_container(*parse_aws_url(text))) << text;
}

}  // namespace
}  // namespace respgate::proxy
