#include "tests/tls/test_pki.h"

#include <ctime>
#include <stdexcept>

#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace respgate::tls::testing {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

KeyPtr make_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEc: return KeyPtr(EVP_EC_gen("P-256"));
    case KeyKind::kRsa: return KeyPtr(EVP_RSA_gen(2048));
    case KeyKind::kWeakRsa: return KeyPtr(EVP_RSA_gen(1024));
  }
  return nullptr;
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(out.get(), certificate) == 1, "write certificate");
  return text_of(out.get());
}

std::string pem_of(EVP_PKEY* key, const std::string& passphrase) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  const bool is_open = passphrase.empty();
  require(PEM_write_bio_PKCS8PrivateKey(out.get(), key, is_open ? nullptr : EVP_aes_256_cbc(), is_open ? nullptr : passphrase.data(),
                                        static_cast<int>(passphrase.size()), nullptr, nullptr) == 1,
          "write key");
  return text_of(out.get());
}

void add_name(X509_NAME* name, const std::string& common_name) {
  require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.data()),
                                     static_cast<int>(common_name.size()), -1, 0) == 1,
          "name");
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

CertificatePtr blank(EVP_PKEY* key, long serial, std::int64_t from, std::int64_t lasts) {
  CertificatePtr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), from + lasts);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

Authority::Authority(std::string_view name) : key_(make_key(KeyKind::kEc)) {
  certificate_ = blank(key_.get(), serial_++, -3600, 86400);
  add_name(X509_get_subject_name(certificate_.get()), std::string(name));
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "sign");
  pem_ = pem_of(certificate_.get());
}

Issued Authority::issue(const LeafSpec& spec) {
  const KeyPtr key = make_key(spec.key);
  CertificatePtr leaf = blank(key.get(), serial_++, spec.valid_from, spec.valid_for);
  for (const std::string& name : spec.common_names) add_name(X509_get_subject_name(leaf.get()), name);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get()));
  if (!spec.alternative_names.empty()) add_extension(leaf.get(), certificate_.get(), NID_subject_alt_name, spec.alternative_names);
  if (spec.edit != nullptr) leaf = spec.edit(std::move(leaf));
  require(X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0, "sign");
  std::string certificate = pem_of(leaf.get());
  return {std::move(certificate), pem_of(key.get(), spec.passphrase), std::move(leaf)};
}

std::string Authority::revocations(const std::vector<const X509*>& revoked, bool is_stale) {
  const RevocationsPtr list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
  using TimePtr = std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME_free>>;
  const TimePtr last(X509_gmtime_adj(nullptr, -7200));
  const TimePtr next(X509_gmtime_adj(nullptr, is_stale ? -3600 : 3600));
  X509_CRL_set1_lastUpdate(list.get(), last.get());
  X509_CRL_set1_nextUpdate(list.get(), next.get());
  for (const X509* one : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(one)));
    X509_REVOKED_set_revocationDate(entry, last.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  require(X509_CRL_sign(list.get(), key_.get(), EVP_sha256()) > 0, "sign list");
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(out.get(), list.get());
  return text_of(out.get());
}

CertificateOptions options_of(const Issued& issued, std::string_view name) {
  const std::string file(name);
  return {{file + ".crt", issued.certificate}, {file + ".key", issued.key}, {}};
}

ServerOptions server_with(const Issued& issued) {
  ServerOptions options;
  options.certificates.push_back(options_of(issued, "server"));
  return options;
}

std::int64_t now_seconds() { return std::time(nullptr); }

}  // namespace respgate::tls::testing
