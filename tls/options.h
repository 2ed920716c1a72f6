// TLS settings as plain data.  Files were read by whoever fills this in: here are
// their contents, with the names that messages use.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <openssl/crypto.h>

namespace respgate::tls {

// PEM text; `file` is for messages only.
struct Pem {
  std::string file;
  std::string text;
};

// PEM text that is wiped when it is done with.
class SecretPem {
 public:
  SecretPem() = default;
  SecretPem(std::string file, std::string text) : file_(std::move(file)), text_(std::move(text)) {}
  SecretPem(SecretPem&& other) noexcept : file_(std::move(other.file_)), text_(std::move(other.text_)) { other.wipe(); }
  SecretPem& operator=(SecretPem&& other) noexcept {
    wipe();
    file_ = std::move(other.file_);
    text_ = std::move(other.text_);
    other.wipe();
    return *this;
  }
  SecretPem(const SecretPem&) = delete;
  SecretPem& operator=(const SecretPem&) = delete;
  ~SecretPem() { wipe(); }

  const std::string& file() const { return file_; }
  const std::string& text() const { return text_; }

 private:
  // All that the string ever held, short ones inside the object included.
  void wipe() { OPENSSL_cleanse(text_.data(), text_.capacity()); }

  std::string file_;
  std::string text_;
};

struct CertificateOptions {
  Pem certificate;  // the leaf first, then what leads to a root
  SecretPem key;
  SecretPem passphrase;  // the first line counts; no file: the key is not encrypted
};

enum class Version : std::uint8_t { kTls12, kTls13 };
enum class ClientAuth : std::uint8_t { kNone, kRequest, kRequire };

struct ServerOptions {
  std::vector<CertificateOptions> certificates;  // the first is for clients that name no server, or none of these
  Version min_version = Version::kTls12;
  ClientAuth client_auth = ClientAuth::kNone;
  Pem client_ca;    // REQUIRED with client_auth
  Pem revocations;  // CRLs, one for each CA; no file: none are asked
};

enum class Verify : std::uint8_t { kFull, kChain, kUnsafeNone };

struct ClientOptions {
  Verify verify = Verify::kFull;
  bool system_ca = true;
  Pem ca;                                       // without system_ca
  std::string server_name;                      // sent as SNI, and what the certificate must be for
  std::vector<CertificateOptions> certificate;  // none or one: the client's own
};

// What is wrong with a file, and what to do about it; never a byte of a key.
struct Problem {
  std::string file;
  std::string what;
};

}  // namespace respgate::tls
