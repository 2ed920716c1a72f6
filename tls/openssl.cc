#include "tls/openssl.h"

#include <algorithm>
#include <climits>

#include <openssl/err.h>

namespace respgate::tls {

std::string take_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown";
  if (ERR_SYSTEM_ERROR(code)) return "a system call failed";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(ERR_GET_REASON(code));
}

BioPtr reader_of(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(std::min<std::size_t>(text.size(), INT_MAX))));
}

}  // namespace respgate::tls
