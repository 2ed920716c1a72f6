#include "proxy/aws/sigv4.h"

#include <string>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

constexpr std::int64_t k2026 = 1767323045;  // 2026-01-02 03:04:05 UTC

TEST(SigV4Test, AQueryIsSignedAsBotocoreSignsIt) {
  const AwsCredentials credentials{"access_key", "secret_key", ""};
  const std::string query = presigned_query(credentials, {"ec2.us-east-1.amazonaws.com", "myregion", "myservice"}, {}, 1388534400, 60);
  EXPECT_TRUE(query.ends_with("&X-Amz-Signature=c70e0bcdb4cd3ee324f71c78195445b8788315af0800bbbdbbb6d05a616fb84c")) << query;
}

TEST(SigV4Test, AHeaderIsSignedAsInTheSuitesGetVanilla) {
  const AwsCredentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  EXPECT_EQ(authorization_header(credentials, {"example.amazonaws.com", "us-east-1", "service"}, {"GET", {}, ""}, 1440938160),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(SigV4Test, ABodyAndASessionTokenAreSignedToo) {
  const AwsCredentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJ+AbC+dEf/GhI=="};
  const SigV4Request request{"POST",
                             {{"content-type", "application/x-amz-json-1.1"}, {"x-amz-target", "TrentService.GenerateDataKey"}},
                             R"({"KeyId":"alias/respgate","KeySpec":"AES_256","EncryptionContext":{"app":"respgate"}})"};
  EXPECT_EQ(authorization_header(credentials, {"kms.us-east-1.amazonaws.com", "us-east-1", "kms"}, request, k2026),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kms/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
            "Signature=caba83e9b3ce24062396f6b2238035097ff80ed74e5827db29575ee4ff8ce072");
}

TEST(SigV4Test, BlanksAroundAndWithinAHeaderCountAsOne) {
  const AwsCredentials credentials{"AKIDEXAMPLE", "secret", ""};
  const SigV4Target target{"example.amazonaws.com", "us-east-1", "service"};
  EXPECT_EQ(authorization_header(credentials, target, {"GET", {{"a", "  x \t  y "}}, ""}, k2026),
            authorization_header(credentials, target, {"GET", {{"a", "x y"}}, ""}, k2026));
}

TEST(SigV4Test, TimesAreWrittenAndReadBack) {
  EXPECT_EQ(sigv4_time(k2026), "20260102T030405Z");
  EXPECT_EQ(sigv4_time(0), "19700101T000000Z");
  EXPECT_EQ(sigv4_time(951782400), "20000229T000000Z");
  for (const std::int64_t time : {std::int64_t{0}, k2026, std::int64_t{951782399}, std::int64_t{4102444800}})
    EXPECT_EQ(parse_sigv4_time(sigv4_time(time)), time);
}

TEST(SigV4Test, MomentsThatDoNotExistAreNoTimes) {
  for (const char* text : {"20260230T000000Z", "20261301T000000Z", "20260001T000000Z", "20260100T000000Z", "20260101T240000Z",
                           "20260101T006000Z", "20260101T000060Z", "20260101T000000z", "20260101t000000Z", "2026010 T000000Z",
                           "20260101T00000Z", "", "+0260101T000000Z", "20260101T000000ZZ"})
    EXPECT_EQ(parse_sigv4_time(text), std::nullopt) << text;
}

TEST(SigV4Test, OnlyUnreservedCharactersStayAsTheyAre) {
  EXPECT_EQ(percent_encoded("azAZ09-_.~"), "azAZ09-_.~");
  EXPECT_EQ(percent_encoded("/+= %&?\xff"), "%2F%2B%3D%20%25%26%3F%FF");
}

TEST(SigV4Test, WhatIsEncodedIsDecodedAgain) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
}

TEST(SigV4Test, ASecondSpellingIsNotDecoded) {
  for (const char* text : {"%2f", "%41", "a b", "a+b", "%", "%2", "%2G", "a/b", "%%20", "\xff"})
    EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
}

}  // namespace
}  // namespace respgate::proxy
