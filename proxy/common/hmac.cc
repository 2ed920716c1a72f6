#include "proxy/common/hmac.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace respgate::proxy {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Hmac::Hmac(std::string_view key) {
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  context_.reset(hmac == nullptr ? nullptr : EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  if (!context_ || EVP_MAC_init(context_.get(), bytes_of(key), key.size(), parameters) != 1)
    throw std::runtime_error("OpenSSL has no HMAC-SHA256");
}

Hmac::Value Hmac::of(std::initializer_list<std::string_view> texts) const {
  Value value{};
  std::size_t size = 0;
  EVP_MAC_CTX* const context = context_.get();
  const auto is_taken = [&](std::string_view text) { return EVP_MAC_update(context, bytes_of(text), text.size()) == 1; };
  // Without a key it begins anew with the one it has.
  const bool is_done = EVP_MAC_init(context, nullptr, 0, nullptr) == 1 && std::ranges::all_of(texts, is_taken) &&
                       EVP_MAC_final(context, value.data(), &size, value.size()) == 1;
  if (!is_done || size != value.size()) throw std::runtime_error("OpenSSL failed to compute an HMAC-SHA256");
  return value;
}

}  // namespace respgate::proxy
