// OpenSSL's objects with owners, and its errors in words.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace respgate::tls {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using RevocationsPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

// The oldest error of this thread's queue in OpenSSL's words, and the queue is empty; "unknown" when there is none.
std::string take_error();

// Empty if the PEM text may be read: a stream over it.  REQUIRES: the text outlives it.
BioPtr reader_of(std::string_view text);

}  // namespace respgate::tls
