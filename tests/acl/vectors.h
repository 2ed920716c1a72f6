// Facts recorded from redis-server 7.0.15, kept in tests/data.
#pragma once

#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

namespace respgate::acl {

inline nlohmann::json read_vectors(const std::string& name) {
  std::ifstream file(std::string(RESPGATE_TEST_DATA) + "/" + name);
  return nlohmann::json::parse(file);
}

inline std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// JSON holds a byte as the code point of the same number.
inline std::string from_latin1(const std::string& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      bytes += utf8[i];
    } else {
      bytes += static_cast<char>((lead & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    }
  }
  return bytes;
}

}  // namespace respgate::acl
