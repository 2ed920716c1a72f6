#include "tls/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/error.hpp>
#include <openssl/err.h>

#include "tls/handshake_remains.h"

namespace respgate::tls {
namespace {

constexpr std::size_t kRecord = 16 * 1024;  // the most that TLS puts into one
// Of one byte each, a buffer full of them would be the only thing that its thread does for a while.
constexpr std::size_t kRecordsPerRead = 256;
// A key update costs its sender two dozen bytes, and its receiver the work of a hundred records; honest peers send one
// in millions of them.
constexpr std::size_t kMostDatalessRecords = 32;
constexpr std::size_t kForgivingBytes = 64 * 1024;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// Gives out pieces of a gathered write, each as large as a record may be: many small buffers are copied together.
class Pieces {
 public:
  explicit Pieces(std::span<const ::iovec> from) : from_(from) { skip_empty(); }

  bool is_empty() const { return from_.empty(); }

  std::string_view next(std::span<char, kRecord> copied) {
    const std::string_view first = rest_of_first();
    if (first.size() >= kRecord || from_.size() == 1) return first.substr(0, kRecord);
    std::size_t size = 0;
    std::size_t offset = offset_;
    for (const ::iovec& one : from_) {
      const std::size_t n = std::min(one.iov_len - offset, kRecord - size);
      std::memcpy(copied.data() + size, static_cast<const char*>(one.iov_base) + offset, n);
      offset = 0;
      size += n;
      if (size == kRecord) break;
    }
    return {copied.data(), size};
  }

  void advance(std::size_t bytes) {
    while (bytes > 0) {
      const std::size_t n = std::min(bytes, from_.front().iov_len - offset_);
      offset_ += n;
      bytes -= n;
      skip_empty();
    }
  }

 private:
  std::string_view rest_of_first() const {
    return {static_cast<const char*>(from_.front().iov_base) + offset_, from_.front().iov_len - offset_};
  }
  void skip_empty() {
    while (!from_.empty() && offset_ == from_.front().iov_len) {
      from_ = from_.subspan(1);
      offset_ = 0;
    }
  }

  std::span<const ::iovec> from_;
  std::size_t offset_ = 0;
};

// SSL_get_error() looks at the thread's queue of errors, which must be empty before; emptying it costs more than looking.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

// ------------------------------------------------------------------------------------------- the wire

// OpenSSL's own BIO for sockets raises SIGPIPE, and cannot say that a read emptied the socket.
BIO_METHOD* Channel::wire_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "respgate wire");
    BIO_meth_set_read(made, wire_read);
    BIO_meth_set_write(made, wire_write);
    BIO_meth_set_ctrl(made, wire_control);
    return made;
  }();
  return method;
}

int Channel::wire_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  Wire* const wire = static_cast<Wire*>(BIO_get_data(bio));
  if (wire == nullptr) return -1;
  const ssize_t n = ::recv(wire->descriptor, into, static_cast<std::size_t>(size), 0);
  wire->is_drained = n < size;
  if (n >= 0) return static_cast<int>(n);
  would_block(errno) ? BIO_set_retry_read(bio) : void(wire->error = errno);
  return -1;
}

int Channel::wire_write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  Wire* const wire = static_cast<Wire*>(BIO_get_data(bio));
  if (wire == nullptr) return -1;
  const ssize_t n = ::send(wire->descriptor, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n >= 0) return static_cast<int>(n);
  would_block(errno) ? BIO_set_retry_write(bio) : void(wire->error = errno);
  return -1;
}

long Channel::wire_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// While there is one, OpenSSL reads and writes at the channel's wire.
class Channel::AtWire {
 public:
  explicit AtWire(Channel& channel) : bio_(of_this_thread()) {
    if (bio_ == nullptr) return;
    BIO_set_data(bio_, &channel.wire_);
    SSL* const ssl = channel.ssl_.get();
    if (SSL_get_rbio(ssl) == bio_) return;
    BIO_up_ref(bio_);
    SSL_set_bio(ssl, bio_, bio_);  // owns the reference
  }
  AtWire(const AtWire&) = delete;
  AtWire& operator=(const AtWire&) = delete;
  ~AtWire() {
    if (bio_ != nullptr) BIO_set_data(bio_, nullptr);
  }

 private:
  static BIO* of_this_thread() {
    static thread_local BioPtr made;
    if (made) return made.get();
    made.reset(BIO_new(wire_method()));
    if (made) BIO_set_init(made.get(), 1);
    return made.get();
  }

  BIO* const bio_;
};

// ------------------------------------------------------------------------------------------- the patience

// OpenSSL itself would follow a peer's key updates for as long as there are any, and return to nobody meanwhile.
void Channel::on_message(int is_sent, int /*version*/, int kind, const void* bytes, std::size_t size, SSL* ssl, void* self) {
  // In TLS 1.3 the header always says data, and the kind that is meant is encrypted.
  const bool tells_kind = (kind == SSL3_RT_HEADER || kind == SSL3_RT_INNER_CONTENT_TYPE) && size > 0;
  if (is_sent != 0 || !tells_kind || *static_cast<const unsigned char*>(bytes) == SSL3_RT_APPLICATION_DATA) return;
  Channel& channel = *static_cast<Channel*>(self);
  if (!channel.is_done_ || ++channel.dataless_records_ <= kMostDatalessRecords) return;
  channel.is_broken_ = true;
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // not even this record is looked at any more
}

void Channel::watch() {
  if (!ssl_) return;
  SSL_set_msg_callback(ssl_.get(), on_message);
  SSL_set_msg_callback_arg(ssl_.get(), this);
}

void Channel::count_data(std::size_t bytes) {
  data_bytes_ = static_cast<std::uint32_t>(std::min(data_bytes_ + bytes, kForgivingBytes));
  if (data_bytes_ < kForgivingBytes) return;
  data_bytes_ = 0;
  dataless_records_ = 0;
}

// ------------------------------------------------------------------------------------------- the channel

Channel::Channel(int descriptor, ServerContextPtr context) : wire_{descriptor}, ssl_(context->accept()), verified_by_(context->trust()) {
  context_ = std::move(context);
  watch();
}

Channel::Channel(int descriptor, ClientContextPtr context, const std::string& host) : wire_{descriptor}, ssl_(context->connect(host)) {
  context_ = std::move(context);
  watch();
}

Channel::~Channel() = default;

Handshake Channel::handshake() {
  if (is_done_) return {};
  if (!ssl_) return {Handshake::State::kFailed, "there is no memory, or no name to ask for"};
  const AtWire at_wire(*this);
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    is_done_ = true;
    forget_handshake(ssl_.get());
    has_more_ = true;  // read ahead, perhaps
    return {};
  }
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return {Handshake::State::kWantsRead, {}};
  if (error == SSL_ERROR_WANT_WRITE) return {Handshake::State::kWantsWrite, {}};
  is_broken_ = true;
  return {Handshake::State::kFailed, failure_text(error)};
}

// Until the buffer is full, nothing is left, or it is somebody else's turn; asks the kernel no more often than needed to know that.
Transfer Channel::read(std::span<char> into) {
  std::size_t total = 0;
  has_more_ = false;
  if (is_broken_) return {0, false, boost::asio::error::connection_reset};
  const AtWire at_wire(*this);
  for (std::size_t records = 0; total < into.size() && records < kRecordsPerRead; ++records) {
    forget_errors();
    std::size_t n = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &n);
    if (result == 1) {
      total += n;
      count_data(n);
      if (wire_.is_drained && SSL_has_pending(ssl_.get()) == 0) return {total, false, {}};
      continue;
    }
    const Transfer outcome = failed(result);
    if (total == 0) return outcome;
    has_more_ = !outcome.blocked;  // the end is told next time
    return {total, false, {}};
  }
  has_more_ = true;
  return {total, false, {}};
}

Transfer Channel::write(std::span<const ::iovec> from) {
  if (is_broken_) return {0, false, boost::asio::error::connection_reset};
  const AtWire at_wire(*this);
  std::array<char, kRecord> copied;
  std::size_t total = 0;
  for (Pieces pieces(from); !pieces.is_empty();) {
    const std::string_view piece = pieces.next(copied);
    forget_errors();
    std::size_t n = 0;
    const int result = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &n);
    if (result != 1) {
      const Transfer outcome = failed(result);
      return total == 0 ? outcome : Transfer{total, false, {}};
    }
    pieces.advance(n);
    total += n;
  }
  return {total, false, {}};
}

Transfer Channel::failed(int result) {
  if (is_broken_) return {0, false, boost::asio::error::connection_reset};  // by on_message()
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return {0, true, {}};
    case SSL_ERROR_ZERO_RETURN: return {0, false, boost::asio::error::eof};
    default:
      is_broken_ = true;
      ERR_clear_error();
      // An end without close_notify may be an attacker's: it is no orderly end (RFC 8446 §6.1).
      return {0, false, boost::asio::error::connection_reset};
  }
}

std::string Channel::failure_text(int ssl_error) {
  const long verdict = SSL_get_verify_result(ssl_.get());  // says more than the error it leads to
  if (ssl_error == SSL_ERROR_SYSCALL) {
    ERR_clear_error();
    return wire_.error != 0 ? std::generic_category().message(wire_.error) : "closed during the handshake";
  }
  std::string text = take_error();
  if (text == "unexpected eof while reading") return "closed during the handshake";
  if (verdict == X509_V_OK) return text;
  return std::string("certificate verify failed: ") + X509_verify_cert_error_string(verdict);
}

void Channel::end_sending() {
  if (!ssl_ || is_broken_ || !is_done_) return;
  const AtWire at_wire(*this);
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // 0: the peer has not said it yet, which nobody waits for
  ERR_clear_error();
}

std::string_view Channel::server_name() const {
  const char* name = ssl_ ? SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name) : nullptr;
  return name != nullptr ? name : std::string_view();
}

CertificatePtr Channel::peer_certificate() const { return CertificatePtr(ssl_ ? SSL_get1_peer_certificate(ssl_.get()) : nullptr); }

bool Channel::is_resumed() const { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }

std::string Channel::verify_again(const ServerContext& context) {
  const CertificatePtr certificate = peer_certificate();
  if (!certificate || *context.trust() == *verified_by_) return "";
  std::string why_not = context.why_not(*certificate, SSL_get_peer_cert_chain(ssl_.get()));
  if (why_not.empty()) verified_by_ = context.trust();
  return why_not;
}

}  // namespace respgate::tls
