#include "tls/peer_identity.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/err.h>

namespace respgate::tls {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

std::string_view words_for(IdentityKind kind) {
  constexpr std::string_view kWords[] = {"CN", "DNS name", "URI"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string bytes_of(const ASN1_STRING& text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&text)), static_cast<std::size_t>(ASN1_STRING_length(&text))};
}

// Its length is that of the ASN.1 string, whatever is in it; false: not text of any kind.
bool to_utf8(const ASN1_STRING& text, std::string& out) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, &text);
  if (size < 0) return false;
  out.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return true;
}

std::vector<std::string> common_names(const X509& certificate, bool& is_text) {
  std::vector<std::string> found;
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  for (int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) {
    const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    is_text &= to_utf8(*text, found.emplace_back());
  }
  return found;
}

std::vector<std::string> alternative_names(const X509& certificate, int type, bool& is_readable) {
  std::vector<std::string> found;
  int critical = -1;
  const NamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, &critical, nullptr)));
  if (!names && critical != -1) is_readable = false;  // -1: there is none; else it is damaged, or there are two
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == type) found.push_back(bytes_of(*name->d.ia5));  // dNSName and URI are the same kind of string
  }
  return found;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::string fault_of(const std::vector<std::string>& names, IdentityKind kind) {
  const std::string word(words_for(kind));
  if (names.empty()) return "the certificate has no " + word;
  if (names.size() > 1) return "the certificate has more than one " + word;
  const std::string& name = names.front();
  if (name.empty()) return "the certificate's " + word + " is empty";
  if (std::any_of(name.begin(), name.end(), is_control)) return "the certificate's " + word + " has a control byte in it";
  if (kind != IdentityKind::kCommonName && !std::all_of(name.begin(), name.end(), is_ascii))
    return "the certificate's " + word + " is not ASCII";
  return "";
}

}  // namespace

IdentityResult peer_identity(const X509& certificate, IdentityKind kind) {
  bool is_readable = true;
  std::vector<std::string> names = kind == IdentityKind::kCommonName
                                       ? common_names(certificate, is_readable)
                                       : alternative_names(certificate, kind == IdentityKind::kSanDns ? GEN_DNS : GEN_URI, is_readable);
  ERR_clear_error();
  if (!is_readable) return NoIdentity{"the certificate's names cannot be read"};
  if (std::string why = fault_of(names, kind); !why.empty()) return NoIdentity{std::move(why)};
  return IdentityResult(boost::system::in_place_value, std::move(names.front()));
}

}  // namespace respgate::tls
