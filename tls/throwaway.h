// A certificate for a server on this machine and the authority that signed it, made
// on the spot for trying things out.  The authority's key is never kept: nobody can
// sign another with it.
#pragma once

#include <string>

namespace respgate::tls {

struct ThrowawayCertificate {
  std::string authority;  // PEM, for clients to trust
  std::string certificate;
  std::string key;
};

// For localhost, 127.0.0.1 and ::1; valid for a month.  Throws std::runtime_error when OpenSSL cannot.
ThrowawayCertificate make_throwaway_certificate();

}  // namespace respgate::tls
