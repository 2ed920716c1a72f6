#include "proxy/reception/keyed_error.h"

#include <string_view>

namespace respgate::proxy {

std::system_error with_key(const std::string& key, const std::system_error& error) {
  std::string_view text = error.what();
  const std::string meaning = ": " + error.code().message();  // the new one appends it again
  if (text.ends_with(meaning)) text.remove_suffix(meaning.size());
  return {error.code(), key + ": " + std::string(text)};
}

}  // namespace respgate::proxy
