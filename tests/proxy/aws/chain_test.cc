#include "proxy/aws/chain.h"

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "proxy/aws/shared_files.h"
#include "tests/proxy/fake_aws.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kJson = R"({"AccessKeyId":"ASIA","SecretAccessKey":"hush","Token":"tok","Expiration":"2036-01-02T03:04:05Z"})";
constexpr std::string_view kXml =
    "<R><Credentials><AccessKeyId>ASIASTS</AccessKeyId><SecretAccessKey>hush</SecretAccessKey><SessionToken>tok</SessionToken>"
    "<Expiration>2036-01-02T03:04:05Z</Expiration></Credentials></R>";

class AwsChainTest : public testing::Test {
 protected:
  AwsChainTest() {
    places.container_timeout = places.machine_timeout = places.sts_timeout = std::chrono::milliseconds(200);
    places.container_pause = std::chrono::milliseconds(1);
    environment.variables["AWS_EC2_METADATA_DISABLED"] = "true";
    environment.variables["HOME"] = folder.path();
  }

  void set(const char* name, std::string value) { environment.variables[name] = std::move(value); }

  AwsAnswer fetch() {
    AwsChain chain(environment, places, region);
    std::optional<AwsAnswer> answer;
    boost::asio::co_spawn(io, chain.fetch(), [&](const std::exception_ptr&, AwsAnswer got) { answer = std::move(got); });
    io.restart();
    while (!answer) io.run_one();
    return *answer;
  }
  std::string key() { return fetch().credentials.access_key_id; }

  boost::asio::io_context io;
  TemporaryDirectory folder;
  AwsEnvironment environment;
  AwsPlaces places;
  std::string region = "us-east-1";
};

auto failed_with(const std::string& text) {
  return testing::AllOf(testing::Field(&AwsAnswer::kind, AwsAnswer::Kind::kFailed),
                        testing::Field(&AwsAnswer::what, testing::HasSubstr(text)));
}

// ----------------------------------------------------------------------------------------- environment

TEST_F(AwsChainTest, TheEnvironmentComesFirst) {
  folder.write(".aws/credentials", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  set("AWS_ACCESS_KEY_ID", "AKIA");
  set("AWS_SECRET_ACCESS_KEY", "hush");
  const AwsAnswer answer = fetch();
  EXPECT_EQ(answer.credentials.access_key_id, "AKIA");
  EXPECT_EQ(answer.credentials.expires_s, AwsCredentials::kNeverExpires);
  EXPECT_EQ(answer.what, "environment");
}

TEST_F(AwsChainTest, TemporaryKeysOfTheEnvironmentExpire) {
  set("AWS_ACCESS_KEY_ID", "ASIA");
  set("AWS_SECRET_ACCESS_KEY", "hush");
  set("AWS_SESSION_TOKEN", "tok");
  set("AWS_CREDENTIAL_EXPIRATION", "2026-01-02T03:04:05Z");
  const AwsAnswer answer = fetch();
  EXPECT_EQ(answer.credentials.session_token, "tok");
  EXPECT_EQ(answer.credentials.expires_s, 1767323045);
  set("AWS_CREDENTIAL_EXPIRATION", "tomorrow");
  EXPECT_THAT(fetch(), failed_with("AWS_CREDENTIAL_EXPIRATION"));
}

TEST_F(AwsChainTest, HalfAKeyIsNotMadeUpForByAnotherPlace) {
  folder.write(".aws/credentials", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  set("AWS_ACCESS_KEY_ID", "AKIA");
  EXPECT_THAT(fetch(), failed_with("environment: AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"));
}

TEST_F(AwsChainTest, WithoutAnythingItSaysWhereItLooked) { EXPECT_THAT(fetch(), failed_with("there are none in the environment")); }

// ---------------------------------------------------------------------------------------- shared files

TEST_F(AwsChainTest, SharedFilesAreLookedForAtHome) {
  folder.write(".aws/credentials",
               "[other]\naws_access_key_id = O\n[ default ]\n# a comment\naws_access_key_id = FILE\naws_secret_access_key = s=1\n");
  const AwsAnswer answer = fetch();
  EXPECT_EQ(answer.credentials.access_key_id, "FILE");
  EXPECT_EQ(answer.credentials.secret_access_key, "s=1");
}

TEST_F(AwsChainTest, AProfileIsChosenByItsName) {
  set("AWS_SHARED_CREDENTIALS_FILE", folder.write("keys",
                                                  "[default]\naws_access_key_id=D\naws_secret_access_key=s\n"
                                                  "[app]\naws_access_key_id=APP\naws_secret_access_key=s\naws_session_token=t\n"));
  EXPECT_EQ(key(), "D");
  set("AWS_PROFILE", "app");
  EXPECT_EQ(key(), "APP");
  set("AWS_PROFILE", "none");
  EXPECT_THAT(fetch(), failed_with("AWS_PROFILE"));
}

TEST_F(AwsChainTest, TheConfigFileIsSecond) {
  folder.write(".aws/config",
               "[default]\naws_access_key_id=D\naws_secret_access_key=s\n[profile app]\naws_access_key_id=P\naws_secret_access_key=s\n");
  EXPECT_EQ(key(), "D");
  set("AWS_PROFILE", "app");
  EXPECT_EQ(key(), "P");
  folder.write(".aws/credentials", "[app]\naws_access_key_id=K\naws_secret_access_key=s\n");
  EXPECT_EQ(key(), "K");
}

TEST_F(AwsChainTest, AChangedFileIsReadAgain) {
  folder.write(".aws/credentials", "[default]\naws_access_key_id=ONE\naws_secret_access_key=s\n");
  EXPECT_EQ(key(), "ONE");
  folder.write(".aws/credentials", "[default]\naws_access_key_id=TWO\naws_secret_access_key=s\n");
  EXPECT_EQ(key(), "TWO");
}

TEST_F(AwsChainTest, AProfileThatWantsMoreThanKeysIsRefused) {
  folder.write(".aws/config", "[default]\nrole_arn = arn:aws:iam::1:role/r\n");
  EXPECT_THAT(fetch(), failed_with("role_arn, which respgate does not follow"));
}

TEST_F(AwsChainTest, AFileThatOthersMayWriteIsRefused) {
  folder.write(".aws/credentials", "[default]\naws_access_key_id=D\naws_secret_access_key=s\n", 0666);
  EXPECT_THAT(fetch(), failed_with("may be written by"));
}

TEST(AwsProfileTest, SettingsBelowASettingAreNotOfTheProfile) {
  const auto profile = aws_profile_in("[a]\ns3 =\n  aws_access_key_id = NESTED\n;x = y\nz = 1\nz = 2\n", "a");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->count("aws_access_key_id"), 0u);
  EXPECT_EQ(profile->count(";x"), 0u);
  EXPECT_EQ(profile->at("z"), "2");
  EXPECT_FALSE(aws_profile_in("[a]\nz = 1\n", "b"));
}

// ------------------------------------------------------------------------------------------- container

TEST_F(AwsChainTest, AContainerIsAskedAtItsRelativeAddress) {
  FakeAws aws(io);
  aws.answers({{200, std::string(kJson)}});
  places.container = aws.address();
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/id");
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/other");
  const AwsAnswer answer = fetch();
  EXPECT_EQ(answer.credentials.access_key_id, "ASIA");
  EXPECT_EQ(answer.credentials.expires_s, 2082855845);
  ASSERT_EQ(aws.asked().size(), 1u);
  EXPECT_EQ(aws.asked()[0].target(), "/v2/credentials/id");
  EXPECT_EQ(aws.asked()[0]["Accept"], "application/json");
  EXPECT_EQ(aws.asked()[0].count("Authorization"), 0u);
}

TEST_F(AwsChainTest, TheContainersTokenFileIsReadEachTime) {
  FakeAws aws(io);
  aws.answers({{200, std::string(kJson)}});
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.address() + "/v1/credentials");
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-the-environment");
  fetch();
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.write("token", "first"));
  fetch();
  folder.write("token", "second");
  fetch();
  ASSERT_EQ(aws.asked().size(), 3u);
  EXPECT_EQ(aws.asked()[0]["Authorization"], "from-the-environment");
  EXPECT_EQ(aws.asked()[1]["Authorization"], "first");
  EXPECT_EQ(aws.asked()[2]["Authorization"], "second");
}

TEST_F(AwsChainTest, ATokenWithALineEndIsNotSent) {
  FakeAws aws(io);
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.address());
  for (const char* token : {"a\r\nX-Evil: 1", "a\n", "\ra"}) {
    set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.write("token", token));
    EXPECT_THAT(fetch(), failed_with("holds a line end"));
  }
  EXPECT_TRUE(aws.asked().empty());
}

TEST_F(AwsChainTest, AnotherMachineIsNotAskedInPlainText) {
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/credentials");
  EXPECT_THAT(fetch(), failed_with("over plain HTTP"));
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "not an address");
  EXPECT_THAT(fetch(), failed_with("no address"));
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/");
  EXPECT_THAT(fetch(), failed_with("does not begin with /"));
}

TEST_F(AwsChainTest, AContainerIsAskedThreeTimes) {
  FakeAws aws(io);
  aws.answers({{500, ""}, {0, "", true}, {200, std::string(kJson)}});
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.address());
  EXPECT_EQ(key(), "ASIA");
  EXPECT_EQ(aws.asked().size(), 3u);
}

TEST_F(AwsChainTest, AContainerThatFailsThreeTimesIsNotMadeUpForByAnotherPlace) {
  FakeAws aws(io), machine(io);
  aws.answers({{500, "secret words"}});
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.address());
  environment.variables.erase("AWS_EC2_METADATA_DISABLED");
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.address());
  const AwsAnswer answer = fetch();
  EXPECT_THAT(answer, failed_with("container endpoint: answered with status 500"));
  EXPECT_THAT(answer.what, Not(HasSubstr("secret words")));
  EXPECT_EQ(aws.asked().size(), 3u);
  EXPECT_TRUE(machine.asked().empty());
}

TEST_F(AwsChainTest, AContainerThatSaysNothingTimesOut) {
  FakeAws aws(io);
  aws.answers({{0, "", true}});
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.address());
  EXPECT_THAT(fetch(), failed_with("timed out"));
}

TEST_F(AwsChainTest, AnEndlessReplyIsCutOff) {
  FakeAws aws(io);
  aws.answers({{200, std::string(1 << 20, ' ')}});
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.address());
  EXPECT_THAT(fetch(), failed_with("body limit exceeded"));
}

TEST_F(AwsChainTest, ARedirectIsNotFollowed) {
  FakeAws aws(io);
  aws.answers({{302, ""}});
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.address());
  EXPECT_THAT(fetch(), failed_with("answered with status 302"));
}

// ---------------------------------------------------------------------------------------- web identity

TEST_F(AwsChainTest, AWebIdentityIsExchangedAtSts) {
  FakeAws sts(io);
  sts.answers({{200, std::string(kXml)}});
  set("AWS_ENDPOINT_URL_STS", sts.address());
  set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "ey.J+w/t="));
  set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app");
  EXPECT_EQ(key(), "ASIASTS");
  folder.write("token", "next");
  set("AWS_ROLE_SESSION_NAME", "pod-1");
  EXPECT_EQ(key(), "ASIASTS");
  ASSERT_EQ(sts.asked().size(), 2u);
  EXPECT_EQ(sts.asked()[0].method_string(), "POST");
  EXPECT_EQ(sts.asked()[0].target(), "/");
  EXPECT_EQ(sts.asked()[0]["Content-Type"], "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(sts.asked()[0].body(),
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp"
            "&RoleSessionName=respgate&WebIdentityToken=ey.J%2Bw%2Ft%3D");
  EXPECT_THAT(sts.asked()[1].body(), HasSubstr("&RoleSessionName=pod-1&WebIdentityToken=next"));
}

TEST_F(AwsChainTest, WhatStsRefusesIsToldByItsCode) {
  FakeAws sts(io);
  sts.answers({{403, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>"}, {500, std::string(kXml)}});
  set("AWS_ENDPOINT_URL_STS", sts.address());
  set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "t"));
  set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app");
  EXPECT_THAT(fetch(), failed_with("web identity: answered with InvalidIdentityToken"));
  EXPECT_THAT(fetch(), failed_with("web identity: answered with status 500"));
}

TEST_F(AwsChainTest, AWebIdentityNeedsARoleAFileAndASafeSts) {
  set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.file("missing"));
  EXPECT_THAT(fetch(), failed_with("AWS_ROLE_ARN is not"));
  set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app");
  EXPECT_THAT(fetch(), failed_with("cannot be opened"));
  set("AWS_ROLE_SESSION_NAME", "a b");
  EXPECT_THAT(fetch(), failed_with("AWS_ROLE_SESSION_NAME"));
  set("AWS_ENDPOINT_URL_STS", "http://sts.example");
  EXPECT_THAT(fetch(), failed_with("over plain HTTP"));
}

// A key, and a certificate for `localhost` that it has signed itself.
class Certificate {
 public:
  Certificate() : key_(EVP_RSA_gen(2048)), certificate_(X509_new()) {
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* const name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_, key_, EVP_sha256());
  }
  ~Certificate() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  void use_in(boost::asio::ssl::context& context) const {
    SSL_CTX_use_certificate(context.native_handle(), certificate_);
    SSL_CTX_use_PrivateKey(context.native_handle(), key_);
  }
  std::string pem() const {
    BIO* const out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, certificate_);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(out);
    return text;
  }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

TEST_F(AwsChainTest, TheCertificateOfStsIsVerified) {
  const Certificate certificate;
  boost::asio::ssl::context tls(boost::asio::ssl::context::tls_server);
  certificate.use_in(tls);
  FakeAws sts(io, &tls);
  sts.answers({{200, std::string(kXml)}});
  set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "t"));
  set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app");
  set("AWS_ENDPOINT_URL_STS", sts.address("localhost"));
  EXPECT_THAT(fetch(), failed_with("certificate verify failed"));
  set("AWS_CA_BUNDLE", folder.write("ca.pem", certificate.pem()));
  EXPECT_EQ(key(), "ASIASTS");
  set("AWS_ENDPOINT_URL_STS", sts.address("127.0.0.1"));  // which the certificate is not for
  EXPECT_THAT(fetch(), failed_with("certificate verify failed"));
}

// ------------------------------------------------------------------------------------ instance metadata

class AwsMachineTest : public AwsChainTest {
 protected:
  AwsMachineTest() : imds(io) {
    environment.variables.erase("AWS_EC2_METADATA_DISABLED");
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.address());
    imds.answers([this](const FakeAws::Request& request) { return answer(request); });
  }

  FakeAws::Reply answer(const FakeAws::Request& request) {
    if (request.method_string() == "PUT") return token;
    if (request["x-aws-ec2-metadata-token"] != "imds-token") return {401, ""};
    if (request.target() == "/latest/meta-data/iam/security-credentials/") return role;
    if (request.target() == "/latest/meta-data/iam/security-credentials/app-role") return credentials;
    return {404, ""};
  }

  FakeAws imds;
  FakeAws::Reply token{200, "imds-token"};
  FakeAws::Reply role{200, "app-role\n"};
  FakeAws::Reply credentials{200, std::string(kJson)};
};

TEST_F(AwsMachineTest, ATokenIsFetchedThenTheRoleThenItsCredentials) {
  EXPECT_EQ(key(), "ASIA");
  ASSERT_EQ(imds.asked().size(), 3u);
  EXPECT_EQ(imds.asked()[0].target(), "/latest/api/token");
  EXPECT_EQ(imds.asked()[0]["x-aws-ec2-metadata-token-ttl-seconds"], "21600");
}

TEST_F(AwsMachineTest, WithoutATokenNothingIsAsked) {
  token = {403, ""};
  EXPECT_THAT(fetch(), failed_with("gave no token (IMDSv2)"));
  token = {200, "two\r\nlines"};
  EXPECT_THAT(fetch(), failed_with("gave no token (IMDSv2)"));
  for (const FakeAws::Request& request : imds.asked()) EXPECT_EQ(request.method_string(), "PUT");
}

TEST_F(AwsMachineTest, AServiceThatSaysNothingIsAskedOnce) {
  token.hangs = true;
  EXPECT_THAT(fetch(), failed_with("instance metadata: cannot ask"));
  EXPECT_EQ(imds.asked().size(), 1u);
}

TEST_F(AwsMachineTest, AMachineWithoutARoleHasNoCredentials) {
  role = {404, ""};
  EXPECT_THAT(fetch(), failed_with("the machine has no role"));
  role = {200, "../../user-data"};
  EXPECT_THAT(fetch(), failed_with("gave no name of a role"));
}

TEST_F(AwsMachineTest, AnErrorInAGoodReplyIsOne) {
  credentials = {200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"m"})"};
  EXPECT_THAT(fetch(), failed_with("answered with AssumeRoleUnauthorizedAccess"));
}

TEST_F(AwsMachineTest, ItCanBeSwitchedOff) {
  set("AWS_EC2_METADATA_DISABLED", "TRUE");
  EXPECT_THAT(fetch(), failed_with("instance metadata is off"));
  EXPECT_TRUE(imds.asked().empty());
}

TEST_F(AwsMachineTest, ItsAddressIsPlainHttp) {
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense");
  EXPECT_THAT(fetch(), failed_with("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
}

}  // namespace
}  // namespace respgate::proxy
