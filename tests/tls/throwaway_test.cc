#include "tls/throwaway.h"

#include <gtest/gtest.h>

#include "tests/tls/test_pki.h"
#include "tests/tls/tls_pair.h"

namespace respgate::tls {
namespace {

TEST(ThrowawayTest, ItsAuthorityIsAllAClientNeeds) {
  const ThrowawayCertificate made = make_throwaway_certificate();
  ServerOptions server;
  server.certificates.push_back({{"dev.crt", made.certificate}, {"dev.key", made.key}, {}});
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    ClientOptions client;
    client.system_ca = false;
    client.ca = {"ca.crt", made.authority};
    const std::int64_t now = testing::now_seconds();
    testing::TlsPair pair(*make_server_context(server, now), *make_client_context(std::move(client), now), host);
    EXPECT_TRUE(pair.shake_hands().is_good()) << host;
  }
}

TEST(ThrowawayTest, NoTwoAreTheSame) { EXPECT_NE(make_throwaway_certificate().key, make_throwaway_certificate().key); }

}  // namespace
}  // namespace respgate::tls
