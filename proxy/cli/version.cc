#include <cstdio>

#include <boost/version.hpp>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include "proxy/cli/cli.h"

namespace respgate::proxy {

int run_version() {
  std::printf("respgate %s\n", RESPGATE_VERSION);
  std::printf("OpenSSL  built with %s, running with %s\n", OPENSSL_VERSION_TEXT, OpenSSL_version(OPENSSL_VERSION));
  std::printf("Boost    %d.%d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
  return kExitOk;
}

}  // namespace respgate::proxy
