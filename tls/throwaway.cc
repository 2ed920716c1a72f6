#include "tls/throwaway.h"

#include <stdexcept>

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "tls/openssl.h"

namespace respgate::tls {
namespace {

constexpr long kValidSeconds = 30L * 24 * 3600;
constexpr long kClockSlackSeconds = 300;

void require(bool ok) {
  if (!ok) throw std::runtime_error("cannot make a certificate: " + take_error());
}

void name(X509_NAME* into, const char* common_name) {
  require(X509_NAME_add_entry_by_txt(into, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0) == 1);
}

void extend(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

CertificatePtr begin(EVP_PKEY* key, const char* common_name) {
  CertificatePtr certificate(X509_new());
  unsigned char serial[8];
  require(certificate && RAND_bytes(serial, sizeof serial) == 1);
  X509_set_version(certificate.get(), X509_VERSION_3);
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  require(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockSlackSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds);
  require(X509_set_pubkey(certificate.get(), key) == 1);
  name(X509_get_subject_name(certificate.get()), common_name);
  return certificate;
}

template <typename Write>
std::string pem(Write write) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  require(out && write(out.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  return pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

}  // namespace

ThrowawayCertificate make_throwaway_certificate() {
  const KeyPtr authority_key(EVP_EC_gen("P-256"));
  const KeyPtr key(EVP_EC_gen("P-256"));
  require(authority_key && key);
  const CertificatePtr authority = begin(authority_key.get(), "respgate dev, made to be thrown away");
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  extend(authority.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(authority.get(), NID_key_usage, "critical,keyCertSign");
  require(X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0);

  const CertificatePtr leaf = begin(key.get(), "localhost");
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(authority.get()));
  extend(leaf.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  require(X509_sign(leaf.get(), authority_key.get(), EVP_sha256()) > 0);
  return {pem_of(authority.get()), pem_of(leaf.get()),
          pem([&](BIO* out) { return PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

}  // namespace respgate::tls
