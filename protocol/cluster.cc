#include "protocol/cluster.h"

#include <array>
#include <charconv>
#include <system_error>

namespace respgate::protocol {
namespace {

// CRC16/XMODEM: polynomial 0x1021, starting from 0, nothing reflected.
constexpr std::array<std::uint16_t, 256> make_crc_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

constexpr std::array<std::uint16_t, 256> kCrcTable = make_crc_table();

std::uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (const char c : bytes) crc = (crc << 8 ^ kCrcTable[(crc >> 8 ^ static_cast<unsigned char>(c)) & 0xff]) & 0xffff;
  return static_cast<std::uint16_t>(crc);
}

// What decides the slot: between the first `{` and the first `}` behind it, unless
// there is nothing between them.
std::string_view hashed_part(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

// A whole text of digits that fits.
std::optional<std::uint16_t> read_number(std::string_view text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes the word in front of the next blank, and the blank.
std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size() == line.size() ? word.size() : word.size() + 1);
  return word;
}

std::optional<Redirect::Kind> kind_of(std::string_view code) {
  if (code == "MOVED") return Redirect::Kind::kMoved;
  if (code == "ASK") return Redirect::Kind::kAsk;
  return std::nullopt;
}

}  // namespace

Slot slot_of(std::string_view key) { return crc16(hashed_part(key)) % kSlotCount; }

std::optional<Redirect> parse_redirect(std::string_view line) {
  const auto kind = kind_of(take_word(line));
  const auto slot = read_number(take_word(line));
  const std::size_t colon = line.rfind(':');  // the last: an IPv6 address has colons of its own
  if (!kind || !slot || *slot >= kSlotCount || colon == std::string_view::npos) return std::nullopt;

  const std::string_view host = line.substr(0, colon);
  const auto port = read_number(line.substr(colon + 1));
  // "?" is a node without a name it could be reached by.
  if (!port || *port == 0 || host == "?" || host.find_first_of(" \t\r\n") != std::string_view::npos) return std::nullopt;
  return Redirect{*kind, *slot, host, *port};
}

}  // namespace respgate::protocol
