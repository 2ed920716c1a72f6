#include "tls/context.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tls/test_pki.h"
#include "tests/tls/tls_pair.h"

namespace respgate::tls {
namespace {

using testing::Authority;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Issued;
using testing::KeyKind;
using testing::LeafSpec;
using testing::now_seconds;
using testing::options_of;
using testing::server_with;
using ::testing::StartsWith;
using testing::TlsPair;

LeafSpec for_host(const std::string& host) { return {.common_names = {host}, .alternative_names = "DNS:" + host}; }

ServerContextPtr context_of(const ServerOptions& options) { return *make_server_context(options, now_seconds()); }

ClientOptions trusting(const Authority& authority) {
  ClientOptions options;
  options.system_ca = false;
  options.ca = {"ca.crt", authority.certificate()};
  return options;
}

ClientContextPtr client_of(ClientOptions options) { return *make_client_context(std::move(options), now_seconds()); }

std::vector<std::string> problems_of(const ServerOptions& options) {
  std::vector<std::string> told;
  const ServerContextResult result = make_server_context(options, now_seconds());
  if (result) return told;
  for (const Problem& problem : result.error()) told.push_back(problem.file + " " + problem.what);
  return told;
}

// ------------------------------------------------------------------------------------- what is refused to begin with

TEST(ServerContextTest, AKeyOfAnotherCertificateIsNamed) {
  Authority authority("ca");
  ServerOptions options = server_with(authority.issue({}));
  const Issued other = authority.issue({});
  options.certificates[0].key = {"server.key", other.key};
  EXPECT_THAT(problems_of(options), ElementsAre("server.key is not the key of server.crt: write the one it was made with"));
}

TEST(ServerContextTest, AnExpiredCertificateIsRefusedWithItsDay) {
  Authority authority("ca");
  const Issued old = authority.issue({.valid_from = -7200, .valid_for = 3600});
  EXPECT_THAT(problems_of(server_with(old)), ElementsAre(StartsWith("server.crt expired on ")));
}

TEST(ServerContextTest, ACertificateOfTheFutureIsRefused) {
  Authority authority("ca");
  const Issued early = authority.issue({.valid_from = 3600});
  EXPECT_THAT(problems_of(server_with(early)), ElementsAre(StartsWith("server.crt is not valid before ")));
}

TEST(ServerContextTest, WhatIsNoPemIsNamedForEachFile) {
  ServerOptions options;
  options.certificates.push_back({{"a.crt", "rubbish"}, {"a.key", "rubbish"}, {}});
  EXPECT_THAT(problems_of(options), ElementsAre(StartsWith("a.crt holds no certificate: write "),
                                                StartsWith("a.key holds no private key that can be read: write ")));
}

TEST(ServerContextTest, ADamagedChainIsNotHalfRead) {
  Authority authority("ca");
  ServerOptions options = server_with(authority.issue({}));
  std::string damaged = authority.certificate();
  damaged[damaged.size() / 2] = '!';
  options.certificates[0].certificate.text += damaged;
  EXPECT_THAT(problems_of(options), ElementsAre(StartsWith("server.crt has a certificate that cannot be read")));
}

TEST(ServerContextTest, AWeakKeyIsRefused) {
  Authority authority("ca");
  EXPECT_THAT(problems_of(server_with(authority.issue({.key = KeyKind::kWeakRsa}))), ElementsAre(HasSubstr("RSA of 2048 bits or more")));
}

TEST(ServerContextTest, AnEncryptedKeyNeedsItsPassphrase) {
  Authority authority("ca");
  ServerOptions options = server_with(authority.issue({.passphrase = "open sesame"}));
  EXPECT_THAT(problems_of(options), ElementsAre("server.key is encrypted: write passphrase_file"));
  options.certificates[0].passphrase = {"pass", "wrong\n"};
  EXPECT_THAT(problems_of(options), ElementsAre("server.key is not opened by the passphrase in pass: write the one it was encrypted with"));
  options.certificates[0].passphrase = {"pass", "open sesame\n"};
  EXPECT_THAT(problems_of(options), ElementsAre());
}

TEST(ServerContextTest, ARevocationListOutOfDateIsRefused) {
  Authority authority("ca");
  ServerOptions options = server_with(authority.issue({}));
  options.client_auth = ClientAuth::kRequire;
  options.client_ca = {"ca.crt", authority.certificate()};
  options.revocations = {"ca.crl", authority.revocations({}, true)};
  EXPECT_THAT(problems_of(options), ElementsAre(StartsWith("ca.crl is out of date since ")));
}

TEST(ServerContextTest, TellsWhatItsCertificatesAre) {
  Authority authority("ca");
  const auto context = context_of(server_with(authority.issue({.common_names = {"gate"}, .alternative_names = "DNS:b.test,DNS:a.test"})));
  ASSERT_EQ(context->certificates().size(), 1U);
  EXPECT_EQ(context->certificates()[0].subject, "CN = gate");
  EXPECT_THAT(context->certificates()[0].names, ElementsAre("a.test", "b.test"));
  EXPECT_NEAR(static_cast<double>(context->certificates()[0].not_after), static_cast<double>(now_seconds() + 3540), 60);
}

// ------------------------------------------------------------------------------------- who shakes hands

TEST(ServerContextTest, BytesGoBothWays) {
  Authority authority("ca");
  TlsPair pair(context_of(server_with(authority.issue(for_host("server.test")))), client_of(trusting(authority)));
  ASSERT_TRUE(pair.shake_hands().is_good());
  EXPECT_EQ(TlsPair::carry(pair.client(), pair.server(), "PING\r\n"), "PING\r\n");
  EXPECT_EQ(TlsPair::carry(pair.server(), pair.client(), "+PONG\r\n"), "+PONG\r\n");
}

TEST(ServerContextTest, TheNameChoosesTheCertificate) {
  Authority authority("ca");
  ServerOptions options = server_with(authority.issue(for_host("first.test")));
  options.certificates.push_back(options_of(authority.issue(for_host("*.second.test"))));
  const ServerContextPtr server = context_of(options);
  for (const std::string host : {"first.test", "a.second.test"}) {
    TlsPair pair(server, client_of(trusting(authority)), host);
    EXPECT_TRUE(pair.shake_hands().is_good()) << host;
    EXPECT_EQ(pair.server().channel()->server_name(), host);
  }
  TlsPair stranger(server, client_of(trusting(authority)), "third.test");
  EXPECT_THAT(stranger.shake_hands().client.why, HasSubstr("ostname mismatch"));
}

TEST(ServerContextTest, TwoKindsOfKeysForOneNameGoTogether) {
  Authority authority("ca");
  LeafSpec rsa = for_host("server.test");
  rsa.key = KeyKind::kRsa;
  ServerOptions options = server_with(authority.issue(for_host("server.test")));
  options.certificates.push_back(options_of(authority.issue(rsa)));
  const ServerContextPtr server = context_of(options);
  for (const auto& [ciphers, kind] :
       {std::pair{"ECDHE-ECDSA-AES128-GCM-SHA256", EVP_PKEY_EC}, {"ECDHE-RSA-AES128-GCM-SHA256", EVP_PKEY_RSA}}) {
    SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context.get(), ciphers);
    ClientOptions unverified;
    unverified.verify = Verify::kUnsafeNone;
    TlsPair pair(server, std::make_shared<const ClientContext>(std::move(context), std::move(unverified)));
    ASSERT_TRUE(pair.shake_hands().is_good()) << ciphers;
    EXPECT_EQ(EVP_PKEY_get_base_id(X509_get0_pubkey(pair.client().channel()->peer_certificate().get())), kind);
  }
}

// Only names tell that two certificates are one server's.
TEST(ServerContextTest, CertificatesWithoutNamesDoNotGoTogether) {
  Authority authority("ca");
  ServerOptions options = server_with(authority.issue({.common_names = {"ec.test"}}));
  options.certificates.push_back(options_of(authority.issue({.common_names = {"rsa.test"}, .key = KeyKind::kRsa})));
  const ServerContextPtr server = context_of(options);
  for (const auto& [host, kind] : {std::pair{"ec.test", EVP_PKEY_EC}, {"rsa.test", EVP_PKEY_RSA}}) {
    TlsPair pair(server, client_of(trusting(authority)), host);
    ASSERT_TRUE(pair.shake_hands().is_good()) << host;
    EXPECT_EQ(EVP_PKEY_get_base_id(X509_get0_pubkey(pair.client().channel()->peer_certificate().get())), kind);
  }
}

TEST(ServerContextTest, ARequiredCertificateThatIsMissingFailsTheHandshake) {
  Authority authority("ca");
  ServerOptions options = server_with(authority.issue(for_host("server.test")));
  options.client_auth = ClientAuth::kRequire;
  options.client_ca = {"ca.crt", authority.certificate()};
  TlsPair pair(context_of(options), client_of(trusting(authority)));
  EXPECT_EQ(pair.shake_hands().server.why, "peer did not return a certificate");
}

class ClientCertificateTest : public ::testing::Test {
 protected:
  ClientCertificateTest() : authority_("ca"), options_(server_with(authority_.issue(for_host("server.test")))) {
    options_.client_auth = ClientAuth::kRequire;
    options_.client_ca = {"ca.crt", authority_.certificate()};
  }

  std::string refusal_of(const Issued& client) {
    ClientOptions options = trusting(authority_);
    options.certificate.push_back(options_of(client, "client"));
    // An expired one of the client's own is for the server to refuse here.
    auto context = make_client_context(std::move(options), seconds_of(*X509_get0_notBefore(client.parsed.get())) + 1);
    TlsPair pair(context_of(options_), *context);
    return pair.shake_hands().server.why;
  }

  Authority authority_;
  ServerOptions options_;
};

TEST_F(ClientCertificateTest, AVerifiedOneIsKnownAfterwards) {
  ClientOptions options = trusting(authority_);
  options.certificate.push_back(options_of(authority_.issue({.common_names = {"orders"}}), "client"));
  TlsPair pair(context_of(options_), client_of(std::move(options)));
  ASSERT_TRUE(pair.shake_hands().is_good());
  ASSERT_TRUE(pair.server().channel()->peer_certificate());
}

TEST_F(ClientCertificateTest, AnotherAuthoritysIsRefused) {
  Authority stranger("ca");  // of the same name
  EXPECT_THAT(refusal_of(stranger.issue({})), HasSubstr("certificate verify failed"));
}

TEST_F(ClientCertificateTest, AnExpiredOneIsRefused) {
  EXPECT_THAT(refusal_of(authority_.issue({.valid_from = -7200, .valid_for = 3600})), HasSubstr("certificate has expired"));
}

TEST_F(ClientCertificateTest, ARevokedOneIsRefused) {
  const Issued good = authority_.issue({});
  const Issued bad = authority_.issue({});
  options_.revocations = {"ca.crl", authority_.revocations({bad.parsed.get()})};
  EXPECT_EQ(refusal_of(good), "");
  EXPECT_THAT(refusal_of(bad), HasSubstr("certificate revoked"));
}

TEST_F(ClientCertificateTest, WithoutTheListOfItsAuthorityNobodyComesIn) {
  Authority other("other ca");
  options_.revocations = {"ca.crl", other.revocations({})};
  EXPECT_THAT(refusal_of(authority_.issue({})), HasSubstr("unable to get certificate CRL"));
}

// What a context of these options says of a client that came in by one of options_ before.
class ClientOfBeforeTest : public ClientCertificateTest {
 protected:
  std::string refusal_now() { return pair_->server().verify_again(*context_of(options_)); }
  void come(const Issued& client) {
    ClientOptions options = trusting(authority_);
    options.certificate.push_back(options_of(client, "client"));
    pair_.emplace(context_of(options_), client_of(std::move(options)));
    ASSERT_TRUE(pair_->shake_hands().is_good());
    ASSERT_EQ(TlsPair::carry(pair_->client(), pair_->server(), "x"), "x");
  }

  const Issued client_ = authority_.issue({});
  std::optional<TlsPair> pair_;
};

TEST_F(ClientOfBeforeTest, WhoIsTrustedStillIsWelcome) {
  come(client_);
  EXPECT_EQ(refusal_now(), "");
  Authority another("another ca");
  options_.client_ca.text += another.certificate();
  EXPECT_EQ(refusal_now(), "");
  options_.revocations = {"ca.crl", authority_.revocations({authority_.issue({}).parsed.get()}) + another.revocations({})};
  EXPECT_EQ(refusal_now(), "");
}

TEST_F(ClientOfBeforeTest, WhoWasRevokedIsNot) {
  come(client_);
  options_.revocations = {"ca.crl", authority_.revocations({client_.parsed.get()})};
  EXPECT_EQ(refusal_now(), "certificate revoked");
  EXPECT_EQ(refusal_now(), "certificate revoked") << "asked again, it is no other answer";
  options_.revocations = {};
  EXPECT_EQ(refusal_now(), "");
  options_.revocations = {"ca.crl", authority_.revocations({client_.parsed.get()})};
  EXPECT_EQ(refusal_now(), "certificate revoked");
}

TEST_F(ClientOfBeforeTest, WhoseAuthorityHasGoneIsNot) {
  come(client_);
  Authority another("ca");  // of the same name
  options_.client_ca = {"ca.crt", another.certificate()};
  EXPECT_NE(refusal_now(), "");
}

TEST_F(ClientOfBeforeTest, ItIsToBeAClientsCertificate) {
  LeafSpec spec;
  spec.edit = [](CertificatePtr leaf) {
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> usage(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, "serverAuth"));
    X509_add_ext(leaf.get(), usage.get(), -1);
    return leaf;
  };
  const Issued servers = authority_.issue(spec);
  EXPECT_NE(context_of(options_)->why_not(*servers.parsed, nullptr), "");
  EXPECT_EQ(context_of(options_)->why_not(*client_.parsed, nullptr), "");
}

TEST_F(ClientOfBeforeTest, WhereNobodyAsksForCertificatesNoneIsBad) {
  come(client_);
  options_.client_auth = ClientAuth::kNone;
  EXPECT_EQ(refusal_now(), "");
}

TEST_F(ClientOfBeforeTest, WithoutACertificateThereIsNothingToJudge) {
  options_.client_auth = ClientAuth::kRequest;
  pair_.emplace(context_of(options_), client_of(trusting(authority_)));
  ASSERT_TRUE(pair_->shake_hands().is_good());
  options_.client_ca.text = Authority("another ca").certificate();
  EXPECT_EQ(refusal_now(), "");
}

// ------------------------------------------------------------------------------------- resumption

// A second connection of the same client, after the first has received its tickets.
bool resumes(const ServerContextPtr& first, const ServerContextPtr& second, const ClientContextPtr& client) {
  TlsPair before(first, client);
  EXPECT_TRUE(before.shake_hands().is_good());
  EXPECT_EQ(TlsPair::carry(before.server(), before.client(), "x"), "x");
  TlsPair after(second, client);
  EXPECT_TRUE(after.shake_hands().is_good());
  return after.server().channel()->is_resumed();
}

TEST(ResumptionTest, ATicketServesTheListenerThatGaveIt) {
  Authority authority("ca");
  const ServerContextPtr server = context_of(server_with(authority.issue(for_host("server.test"))));
  EXPECT_TRUE(resumes(server, server, client_of(trusting(authority))));
}

TEST(ResumptionTest, ATicketEndsWithTheConfigurationThatGaveIt) {
  Authority authority("ca");
  const ServerOptions options = server_with(authority.issue(for_host("server.test")));
  EXPECT_FALSE(resumes(context_of(options), context_of(options), client_of(trusting(authority))));
}

TEST(ResumptionTest, NoTicketWhereCertificatesAreAskedFor) {
  Authority authority("ca");
  for (const ClientAuth asked : {ClientAuth::kRequest, ClientAuth::kRequire}) {
    ServerOptions options = server_with(authority.issue(for_host("server.test")));
    options.client_auth = asked;
    options.client_ca = {"ca.crt", authority.certificate()};
    const ServerContextPtr server = context_of(options);
    ClientOptions client = trusting(authority);
    client.certificate.push_back(options_of(authority.issue({}), "client"));
    EXPECT_FALSE(resumes(server, server, client_of(std::move(client))));
  }
}

// ------------------------------------------------------------------------------------- the client's side

std::string client_refusal(const Issued& server, ClientOptions options, const std::string& host = "server.test") {
  TlsPair pair(context_of(server_with(server)), client_of(std::move(options)), host);
  return pair.shake_hands().client.why;
}

TEST(ClientContextTest, ANameTheCertificateIsNotForIsRefused) {
  Authority authority("ca");
  EXPECT_THAT(client_refusal(authority.issue(for_host("other.test")), trusting(authority)), HasSubstr("ostname mismatch"));
}

TEST(ClientContextTest, ChainAloneAsksForNoName) {
  Authority authority("ca");
  ClientOptions options = trusting(authority);
  options.verify = Verify::kChain;
  EXPECT_EQ(client_refusal(authority.issue(for_host("other.test")), std::move(options)), "");
}

TEST(ClientContextTest, AnAuthorityThatIsNotTrustedIsRefused) {
  Authority authority("ca");
  Authority stranger("stranger");
  EXPECT_THAT(client_refusal(stranger.issue(for_host("server.test")), trusting(authority)), HasSubstr("certificate verify failed"));
}

TEST(ClientContextTest, AGivenNameCountsInPlaceOfTheHost) {
  Authority authority("ca");
  ClientOptions options = trusting(authority);
  options.server_name = "given.test";
  EXPECT_EQ(client_refusal(authority.issue(for_host("given.test")), std::move(options), "10.0.0.1"), "");
}

// To OpenSSL, no name means that any will do.
TEST(ClientContextTest, WithoutANameNobodyIsDialled) {
  Authority authority("ca");
  EXPECT_THAT(client_refusal(authority.issue(for_host("server.test")), trusting(authority), ""), HasSubstr("no name to ask for"));
}

TEST(ClientContextTest, AnAddressIsCheckedAsOne) {
  Authority authority("ca");
  EXPECT_EQ(client_refusal(authority.issue({.alternative_names = "IP:127.0.0.1"}), trusting(authority), "127.0.0.1"), "");
  EXPECT_THAT(client_refusal(authority.issue(for_host("127.0.0.1")), trusting(authority), "127.0.0.1"), HasSubstr("IP address mismatch"));
}

TEST(ClientContextTest, AMissingAuthorityIsNamed) {
  ClientOptions options;
  options.system_ca = false;
  options.ca = {"ca.crt", ""};
  const auto result = make_client_context(std::move(options), now_seconds());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()[0].file, "ca.crt");
}

}  // namespace
}  // namespace respgate::tls
