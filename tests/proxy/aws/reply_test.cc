#include "proxy/aws/reply.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

constexpr std::int64_t k2026 = 1767323045;  // 2026-01-02 03:04:05 UTC

constexpr std::string_view kXml = R"(<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Audience>sts.amazonaws.com</Audience>
    <Credentials><SessionToken>tok/en+==</SessionToken><SecretAccessKey>sec&amp;ret</SecretAccessKey>
      <Expiration>2026-01-02T03:04:05Z</Expiration><AccessKeyId>ASIAEXAMPLE</AccessKeyId></Credentials>
  </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>)";

std::string without(std::string text, std::string_view part) {
  text.erase(text.find(part), part.size());
  return text;
}

TEST(AwsReplyTest, JsonHoldsTheFour) {
  const auto found = credentials_in_json(
      R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIA","SecretAccessKey":"s/+","Token":"t==","Expiration":"2026-01-02T03:04:05Z"})");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "ASIA");
  EXPECT_EQ(found->secret_access_key, "s/+");
  EXPECT_EQ(found->session_token, "t==");
  EXPECT_EQ(found->expires_s, k2026);
}

TEST(AwsReplyTest, JsonWithoutOneOfTheFourIsNone) {
  const std::string whole = R"({"AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-02T03:04:05Z"})";
  ASSERT_TRUE(credentials_in_json(whole));
  for (const char* name : {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"})
    EXPECT_FALSE(credentials_in_json(without(whole, name))) << name;
  for (const char* text :
       {"", "null", "[]", "{", "{}", "\"AccessKeyId\"", R"({"AccessKeyId":1,"SecretAccessKey":2,"Token":3,"Expiration":4})"})
    EXPECT_FALSE(credentials_in_json(text)) << text;
}

TEST(AwsReplyTest, AKeyWithALineEndIsNone) {
  EXPECT_FALSE(
      credentials_in_json("{\"AccessKeyId\":\"A\\nB\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-01-02T03:04:05Z\"}"));
}

TEST(AwsReplyTest, AnErrorInJsonIsToldByItsCode) {
  EXPECT_EQ(credentials_in_json(R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"secret"})").error().what,
            "answered with AssumeRoleUnauthorizedAccess");
  EXPECT_EQ(credentials_in_json(R"({"Code":"<script>"})").error().what, "answered with an error");
}

TEST(AwsReplyTest, XmlHoldsTheFourInAnyOrder) {
  const auto found = credentials_in_sts_xml(kXml);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->access_key_id, "ASIAEXAMPLE");
  EXPECT_EQ(found->secret_access_key, "sec&ret");
  EXPECT_EQ(found->session_token, "tok/en+==");
  EXPECT_EQ(found->expires_s, k2026);
}

TEST(AwsReplyTest, XmlWithoutOrWithTwoOfAnElementIsNone) {
  const std::string whole(kXml);
  for (const char* part :
       {"<AccessKeyId>", "</SessionToken>", "</Credentials>", "<Credentials>", "<Expiration>2026-01-02T03:04:05Z</Expiration>"})
    EXPECT_FALSE(credentials_in_sts_xml(without(whole, part))) << part;
  EXPECT_FALSE(credentials_in_sts_xml(whole + whole));
  std::string twice = whole;
  twice.insert(twice.find("<Expiration>"), "<AccessKeyId>OTHER</AccessKeyId>");
  EXPECT_FALSE(credentials_in_sts_xml(twice));
}

TEST(AwsReplyTest, ATagOrAnUnknownEntityWithinATextIsRefused) {
  std::string tag(kXml), entity(kXml);
  tag.replace(tag.find("ASIAEXAMPLE"), 4, "<b>A");
  entity.replace(entity.find("&amp;"), 5, "&x;");
  EXPECT_FALSE(credentials_in_sts_xml(tag));
  EXPECT_FALSE(credentials_in_sts_xml(entity));
}

TEST(AwsReplyTest, AnErrorOfStsIsToldByItsCode) {
  EXPECT_EQ(credentials_in_sts_xml(
                "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException</Code><Message>m</Message></Error></ErrorResponse>")
                .error()
                .what,
            "answered with ExpiredTokenException");
}

TEST(AwsReplyTest, TimesAreReadInTheFormsThatServicesWrite) {
  EXPECT_EQ(parse_iso_time("2026-01-02T03:04:05Z"), k2026);
  EXPECT_EQ(parse_iso_time("2026-01-02T03:04:05.123Z"), k2026);
  EXPECT_EQ(parse_iso_time("2026-01-02T03:04:05+00:00"), k2026);
  for (const char* text : {"", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05+01:00", "2026-01-02 03:04:05Z",
                           "2026-02-30T03:04:05Z", "2026-01-02T03:04:05.Zx", "20260102T030405Z"})
    EXPECT_EQ(parse_iso_time(text), std::nullopt) << text;
}

}  // namespace
}  // namespace respgate::proxy
