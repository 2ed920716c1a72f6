#include "proxy/aws/iam_token.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/aws/sigv4.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kKey = "AKIDEXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
// With what is encoded in a query, and easily forgotten.
constexpr std::string_view kSession = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJ+AbC+dEf/GhI==";
constexpr std::int64_t k2026 = 1767323045;  // 2026-01-02 03:04:05 UTC

AwsCredentials example(std::string_view session = "") { return {std::string(kKey), std::string(kSecret), std::string(session)}; }

struct Vector {
  std::string_view name;
  IamCache cache;
  std::string_view user;
  AwsCredentials credentials;
  std::int64_t time;
  std::size_t bytes;  // 0: not published
  std::string_view signature;
};

// The first three are other people's tests: AWS's sample application (twice), and one of the AWS SDK for Java.
const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all{
      {"AWS's sample",
       {"my-replication-group-id", "eu-west-1"},
       "my-user-id",
       {"fakeAccessKeyId", "fakeSecretKey", ""},
       1735689600,
       0,
       "9e361603d85874bce06114c6644725ed113e3b11ae6fa92efdf10c6bcf5de8d7"},
      {"AWS's sample, session",
       {"my-replication-group-id", "eu-west-1"},
       "my-user-id",
       {"fakeAccessKeyId", "fakeSecretKey", "fakeSessionToken"},
       1735689600,
       0,
       "bbce2bd61bd78461297ecb92e7001ddbeab2d85906c3cbedad6c9b81fb3466dc"},
      {"serverless",
       {"my-cache", "eu-west-1", true},
       "user123",
       {"accessKey", "secretKey", ""},
       1722600710,
       0,
       "5dda5db919b1337db6596b2a608924bc10197fb39289b933b60bdb114d5a70dc"},
      {"group",
       {"respgate-rg-01", "us-east-1"},
       "iam-user-01",
       example(),
       k2026,
       313,
       "66dfe630ee27a279e51faf183cd4df7fefe120e9d1e1a38dd1cc187c101a6dcb"},
      {"group, session",
       {"respgate-rg-01", "us-east-1"},
       "iam-user-01",
       example(kSession),
       k2026,
       430,
       "ea1ae872b6a562363d0335bf1e303e0f7c35cddee872c73f6bdea7b420306097"},
      {"serverless group",
       {"respgate-cache-01", "us-east-1", true},
       "iam-user-01",
       example(),
       k2026,
       345,
       "6d784f6e02d9fa6e314e6ba14cac0419b0c8a6a8f0240721e09f1b8c24b09394"},
      {"serverless group, session",
       {"respgate-cache-01", "us-east-1", true},
       "iam-user-01",
       example(kSession),
       k2026,
       462,
       "d77fe79a4bdc0817a493f5483cf47ae5dbbe4db787748e5987e37fd3262d3677"},
      {"mixed case",
       {*iam_cache_name("RespGate-RG-01"), "us-east-1"},
       "iam-user-01",
       example(kSession),
       k2026,
       430,
       "ea1ae872b6a562363d0335bf1e303e0f7c35cddee872c73f6bdea7b420306097"},
  };
  return all;
}

TEST(IamTokenTest, EveryVectorIsMade) {
  for (const Vector& vector : vectors()) {
    const std::string token = make_iam_token(vector.credentials, vector.cache, vector.user, vector.time);
    EXPECT_TRUE(token.starts_with(vector.cache.name + "/?Action=connect&")) << vector.name;
    EXPECT_TRUE(token.ends_with("&X-Amz-Signature=" + std::string(vector.signature))) << vector.name << ": " << token;
    EXPECT_EQ(vector.bytes == 0 ? 0 : token.size(), vector.bytes) << vector.name;
  }
}

TEST(IamTokenTest, ATokenIsSpelledAsTheVectorIs) {
  EXPECT_EQ(
      make_iam_token(example(), {"respgate-rg-01", "us-east-1"}, "iam-user-01", k2026),
      "respgate-rg-01/?Action=connect&User=iam-user-01&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1"
      "%2Felasticache%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "66dfe630ee27a279e51faf183cd4df7fefe120e9d1e1a38dd1cc187c101a6dcb");
}

// Whoever judges tokens, with the key that made them.
struct Judge {
  IamCache cache{"respgate-rg-01", "us-east-1", false};
  std::string user = "iam-user-01";
  std::vector<IamAccessKey> keys{{"OTHER", "other-secret"}, {std::string(kKey), std::string(kSecret)}};
  std::int64_t now = k2026;

  IamTokenFault operator()(std::string_view token) const { return judge_iam_token(token, cache, user, keys, now); }
};

std::string token_of(const Judge& judge, std::string_view session = "") {
  return make_iam_token(example(session), judge.cache, judge.user, k2026);
}

TEST(IamTokenTest, EveryVectorIsAccepted) {
  for (const Vector& vector : vectors()) {
    const std::vector<IamAccessKey> keys{{vector.credentials.access_key_id, vector.credentials.secret_access_key}};
    const std::string token = make_iam_token(vector.credentials, vector.cache, vector.user, vector.time);
    EXPECT_EQ(judge_iam_token(token, vector.cache, vector.user, keys, vector.time), IamTokenFault::kNone) << vector.name;
  }
}

TEST(IamTokenTest, EveryOtherByteIsRefused) {
  const Judge judge;
  const std::string token = token_of(judge, kSession);
  ASSERT_EQ(judge(token), IamTokenFault::kNone);
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = token;
      other[i] = static_cast<char>(byte);
      ASSERT_EQ(judge(other) == IamTokenFault::kNone, other == token) << i << " " << byte;
    }
  }
}

TEST(IamTokenTest, EveryByteTooFewOrTooManyIsRefused) {
  const Judge judge;
  const std::string token = token_of(judge, kSession);
  for (std::size_t i = 0; i < token.size(); ++i) {
    EXPECT_NE(judge(token.substr(0, i)), IamTokenFault::kNone) << i;
    EXPECT_NE(judge(std::string(token).erase(i, 1)), IamTokenFault::kNone) << i;
    for (const char c : {'a', '0', '&', '=', '%', '/', '?', ' ', '\0'}) {
      EXPECT_NE(judge(std::string(token).insert(i, 1, c)), IamTokenFault::kNone) << i << c;
    }
  }
  EXPECT_NE(judge(token + "&"), IamTokenFault::kNone);
  EXPECT_NE(judge("http://" + token), IamTokenFault::kNone);
}

std::vector<std::string> fields_of(const std::string& token) {
  std::vector<std::string> fields;
  std::string_view rest = std::string_view(token).substr(token.find('?') + 1);
  for (std::size_t end = rest.find('&'); end != rest.npos; end = rest.find('&')) {
    fields.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  fields.emplace_back(rest);
  return fields;
}

std::string token_with(const std::vector<std::string>& fields) {
  std::string token = "respgate-rg-01/?";
  for (const std::string& field : fields) token.append(&field == &fields.front() ? "" : "&").append(field);
  return token;
}

TEST(IamTokenTest, AParameterMissingOrTwiceIsRefused) {
  const Judge judge;
  const std::vector<std::string> fields = fields_of(token_of(judge, kSession));
  ASSERT_EQ(fields.size(), 9u);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::vector<std::string> fewer = fields, more = fields;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    more.push_back(fields[i]);
    EXPECT_NE(judge(token_with(fewer)), IamTokenFault::kNone) << fields[i];
    EXPECT_EQ(judge(token_with(more)), IamTokenFault::kMalformed) << fields[i];
  }
}

TEST(IamTokenTest, AnUnknownParameterIsRefusedHoweverItIsSigned) {
  const Judge judge;
  const SigV4Target target{judge.cache.name, judge.cache.region, "elasticache"};
  const SigV4Fields fields{{"Action", "connect"}, {"Extra", "1"}, {"User", judge.user}};
  EXPECT_EQ(judge("respgate-rg-01/?" + presigned_query(example(), target, fields, k2026, 900)), IamTokenFault::kMalformed);
}

// AWS's SDKs write the parameters in orders of their own; the signature is over them sorted.
TEST(IamTokenTest, TheOrderOfParametersIsFree) {
  const Judge judge;
  std::vector<std::string> fields = fields_of(token_of(judge, kSession));
  std::reverse(fields.begin(), fields.end());
  EXPECT_EQ(judge(token_with(fields)), IamTokenFault::kNone);
  std::swap(fields[1], fields[4]);
  EXPECT_EQ(judge(token_with(fields)), IamTokenFault::kNone);
}

TEST(IamTokenTest, ASecondSpellingOfAValueIsRefused) {
  const Judge judge;
  const std::string token = token_of(judge, kSession);
  const std::pair<std::string, std::string> spellings[] = {
      {"connect", "%63onnect"}, {"%2F", "%2f"}, {"%2F", "/"}, {"User=iam-user-01", "User=iam%2Duser-01"}, {"%3D%3D", "=="}};
  for (const auto& [from, to] : spellings) {
    std::string other = token;
    ASSERT_NE(other.find(from), other.npos);
    other.replace(other.find(from), from.size(), to);
    EXPECT_EQ(judge(other), IamTokenFault::kMalformed) << to;
  }
}

TEST(IamTokenTest, ATokenForSomethingElseSaysWhatIsWrong) {
  const std::string token = token_of(Judge{});
  Judge other;
  other.cache.name = "respgate-rg-02";
  EXPECT_EQ(other(token), IamTokenFault::kWrongCache);
  other = {};
  other.cache.region = "us-east-2";
  EXPECT_EQ(other(token), IamTokenFault::kWrongScope);
  other = {};
  other.cache.is_serverless = true;
  EXPECT_EQ(other(token), IamTokenFault::kWrongResourceType);
  other = {};
  other.user = "iam-user-02";
  EXPECT_EQ(other(token), IamTokenFault::kWrongUser);
  other = {};
  other.keys.pop_back();
  EXPECT_EQ(other(token), IamTokenFault::kUnknownKey);
  other = {};
  other.keys.back().secret += "x";
  EXPECT_EQ(other(token), IamTokenFault::kWrongSignature);
  EXPECT_EQ(Judge{}("app-secret"), IamTokenFault::kMalformed);
}

TEST(IamTokenTest, ANodesTokenIsNoneForAServerlessCacheAndTheReverse) {
  Judge serverless;
  serverless.cache.is_serverless = true;
  const std::string token = token_of(serverless);
  EXPECT_EQ(serverless(token), IamTokenFault::kNone);
  EXPECT_EQ(Judge{}(token), IamTokenFault::kWrongResourceType);
}

TEST(IamTokenTest, ATokenIsGoodForFifteenMinutes) {
  Judge judge;
  const std::string token = token_of(judge);
  judge.now = k2026 + 899;
  EXPECT_EQ(judge(token), IamTokenFault::kNone);
  judge.now = k2026 + 900;
  EXPECT_EQ(judge(token), IamTokenFault::kExpired);
}

TEST(IamTokenTest, AClockFiveMinutesAheadIsBorneWith) {
  Judge judge;
  const std::string token = token_of(judge);
  judge.now = k2026 - 300;
  EXPECT_EQ(judge(token), IamTokenFault::kNone);
  judge.now = k2026 - 301;
  EXPECT_EQ(judge(token), IamTokenFault::kNotYetValid);
}

std::string token_living(const Judge& judge, std::int64_t seconds) {
  const SigV4Target target{judge.cache.name, judge.cache.region, "elasticache"};
  const SigV4Fields fields{{"Action", "connect"}, {"User", judge.user}};
  return judge.cache.name + "/?" + presigned_query(example(), target, fields, k2026, seconds);
}

TEST(IamTokenTest, NoTokenMayLiveLonger) {
  Judge judge;
  EXPECT_EQ(judge(token_living(judge, 901)), IamTokenFault::kTooLongLived);
  EXPECT_EQ(judge(token_living(judge, 0)), IamTokenFault::kMalformed);
  EXPECT_EQ(judge(token_living(judge, -900)), IamTokenFault::kMalformed);
  judge.now = k2026 + 60;
  EXPECT_EQ(judge(token_living(judge, 60)), IamTokenFault::kExpired);
}

TEST(IamTokenTest, AnotherServicesTokenIsRefused) {
  const Judge judge;
  const SigV4Fields fields{{"Action", "connect"}, {"User", judge.user}};
  const SigV4Target target{judge.cache.name, judge.cache.region, "memorydb"};
  EXPECT_EQ(judge("respgate-rg-01/?" + presigned_query(example(), target, fields, k2026, 900)), IamTokenFault::kWrongScope);
}

TEST(IamCacheNameTest, NamesAreLowerCased) {
  EXPECT_EQ(iam_cache_name("RespGate-RG-01"), "respgate-rg-01");
  EXPECT_EQ(iam_cache_name("a"), "a");
  EXPECT_EQ(iam_cache_name(std::string(40, 'a')), std::string(40, 'a'));
}

TEST(IamCacheNameTest, WhatNoCacheCanBeCalledIsRefused) {
  for (const char* name :
       {"", "1a", "-a", "a-", "a--b", "a.b", "a_b", "master.orders.use1.cache.amazonaws.com", "a b", "\xc3\xa4", "a/b", "a:6379"})
    EXPECT_EQ(iam_cache_name(name), std::nullopt) << name;
  EXPECT_EQ(iam_cache_name(std::string(41, 'a')), std::nullopt);
}

TEST(AwsRegionTest, ARegionIsAPlainWord) {
  EXPECT_TRUE(is_aws_region("us-east-1"));
  for (const char* text : {"", "US-EAST-1", "us east", "us/east", "evil.com#", "1us"}) EXPECT_FALSE(is_aws_region(text)) << text;
}

}  // namespace
}  // namespace respgate::proxy
