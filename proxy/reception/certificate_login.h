// Which user a client certificate logs in, by the rules of a listener.
#pragma once

#include <string>

#include "acl/policy.h"
#include "proxy/config/config.h"
#include "tls/openssl.h"

namespace respgate::proxy {

struct CertificateLogin {
  std::string user;     // whom it logs in, or would; empty: nobody of that name
  std::string why_not;  // empty: it does.  Else in words for a log, what comes from the certificate escaped
  std::string name;     // the identity, as far as there is one; not escaped
};

// REQUIRES: listener.tls->client_identity.
CertificateLogin certificate_login(const X509& certificate, const ListenerConfig& listener, const acl::Policy& policy);

}  // namespace respgate::proxy
