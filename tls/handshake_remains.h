// What OpenSSL keeps of a handshake until the connection ends, although nothing needs it
// any more: the keys of both sides' key exchange, and of a TLS 1.3 session, which has gone
// to the client as a ticket, the name that it was for.
#pragma once

#include "tls/openssl.h"

namespace respgate::tls {

// Frees what can be freed: half a KiB of an idle connection (three over P-256), and a private key that no longer lies in memory.
// REQUIRES: the handshake is done.  The connection, its key updates and the name that the peer asked for stay as they are.
void forget_handshake(SSL* ssl);

}  // namespace respgate::tls
