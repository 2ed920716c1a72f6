#include "proxy/admin/page.h"

#include <array>
#include <string_view>

#include <openssl/evp.h>

#include "proxy/admin/page_files.h"

namespace respgate::proxy {
namespace {

void put(std::string& page, std::string_view place, std::string_view text) {
  const std::size_t at = page.find(place);
  if (at != std::string::npos) page.replace(at, place.size(), text);
}

// As a policy names the content of an element: 'sha256-…'.
std::string hash_source(std::string_view content) {
  std::array<std::uint8_t, 32> digest{};
  EVP_Digest(content.data(), content.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::array<std::uint8_t, 45> base64{};  // of 32 bytes, and a NUL
  const int size = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  return "'sha256-" + std::string(base64.begin(), base64.begin() + size) + "'";
}

}  // namespace

std::string page_html(PageToken token) {
  std::string page(kPageHtml);
  put(page, "@TOKEN@", token == PageToken::kAsked ? "asked" : "none");
  put(page, "@STYLE@", kPageStyle);
  put(page, "@SCRIPT@", kPageScript);  // last: what it holds is not looked at for places
  return page;
}

std::string page_policy() {
  // No image is loaded: the one allowed is the icon, spelled in the page so that none is asked for.
  static const std::string policy = "default-src 'none'; script-src " + hash_source(kPageScript) + "; style-src " +
                                    hash_source(kPageStyle) +
                                    "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
                                    "; require-trusted-types-for 'script'; trusted-types 'none'";
  return policy;
}

}  // namespace respgate::proxy
