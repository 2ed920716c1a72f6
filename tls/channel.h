// One end of a TLS connection over a descriptor that does not block: handshake, bytes
// in, bytes out.  Waits for nothing and owns no socket; Stream does both.
// Lives on one thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tls/context.h"
#include "tls/transfer.h"

namespace respgate::tls {

class Channel {
 public:
  // `descriptor` must outlive this.  A context that gives no SSL (no memory) makes a channel whose handshake fails.
  Channel(int descriptor, ServerContextPtr context);
  Channel(int descriptor, ClientContextPtr context, const std::string& host);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  Handshake handshake();

  // As Stream's.  REQUIRES: the handshake is done.  One read takes so many records and no more, however small they are;
  // a peer whose records are about TLS itself (key updates, say) and hold no data is cut, as one that resets is.
  Transfer read(std::span<char> into);
  Transfer write(std::span<const ::iovec> from);
  // The last read left bytes, perhaps, that are here already: the descriptor will not announce them.
  bool has_more() const { return has_more_; }

  // Says close_notify, if it can be said now.
  void end_sending();

  // The name the client asked for (SNI); empty: none.  Not escaped.
  std::string_view server_name() const;
  // The peer's certificate, verified; nullptr: it has none.
  CertificatePtr peer_certificate() const;
  bool is_resumed() const;
  // As a server's end: why that context would refuse the peer's certificate; empty: it would not, or there is none.
  std::string verify_again(const ServerContext& context);

 private:
  // What the BIO below OpenSSL works on.  A thread has one BIO for all of its connections, which is at one's wire only while
  // OpenSSL works for that one: a BIO of its own for each would be 200 bytes more.
  struct Wire {
    int descriptor = -1;
    bool is_drained = false;  // the last read got less than it asked for
    int error = 0;            // errno of the last failure, 0: none
  };
  class AtWire;
  static BIO_METHOD* wire_method();
  static int wire_read(BIO* bio, char* into, int size);
  static int wire_write(BIO* bio, const char* from, int size);
  static long wire_control(BIO* bio, int command, long number, void* pointer);

  // Of OpenSSL's messages, those that tell of what kind a record is.
  static void on_message(int is_sent, int version, int kind, const void* bytes, std::size_t size, SSL* ssl, void* self);

  void watch();
  void count_data(std::size_t bytes);
  Transfer failed(int result);
  std::string failure_text(int ssl_error);

  // In this order, so that what OpenSSL points into is there until it is freed.  Small, as each idle connection has one.
  std::shared_ptr<const void> context_;
  Wire wire_;
  std::uint32_t data_bytes_ = 0;  // since so much had come that the records below are forgiven
  SslPtr ssl_;
  ServerContext::Trust verified_by_;    // what the context trusted that last found the peer's certificate good
  std::uint16_t dataless_records_ = 0;  // since the handshake, or since then
  bool has_more_ = false;
  bool is_broken_ = false;  // OpenSSL allows nothing more but to free it
  bool is_done_ = false;    // with the handshake
};

}  // namespace respgate::tls
