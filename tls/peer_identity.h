// Whom a verified certificate says its holder is.  Names in certificates are byte
// strings with a length, and are taken as such: "admin\0.evil" is not "admin"
// (redis #15669, valkey #4577).
#pragma once

#include <cstdint>
#include <string>

#include <boost/system/result.hpp>

#include "tls/openssl.h"

namespace respgate::tls {

// Which of a certificate's names counts; the others are not looked at.
enum class IdentityKind : std::uint8_t { kCommonName, kSanDns, kSanUri };

// Why nobody is meant, in words for a log that hold none of the certificate's bytes.
struct NoIdentity {
  std::string why;
};
using IdentityResult = boost::system::result<std::string, NoIdentity>;

// The one name of that kind.  Refused: none, more than one, an empty one, one with a NUL or another control byte, and
// a DNS or URI name that is not ASCII.  CNs come as UTF-8.
IdentityResult peer_identity(const X509& certificate, IdentityKind kind);

}  // namespace respgate::tls
