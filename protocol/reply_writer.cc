#include "protocol/reply_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>

namespace respgate::protocol {
namespace {

constexpr std::size_t kMaxLineBytes = 512;
constexpr std::string_view kTextFormat = "txt:";

bool is_control(char c) { return (c >= 0 && c < ' ') || c == 0x7f; }

void append_line(std::string& out, RespType type, std::string_view text) {
  out += static_cast<char>(type);
  out += text;
  out += kCrlf;
}

void append_clean_line(std::string& out, RespType type, std::string_view text) {
  const std::size_t start = out.size() + 1;
  append_line(out, type, text.substr(0, kMaxLineBytes));
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end() - kCrlf.size(), is_control, ' ');
}

void append_number(std::string& out, RespType type, std::integral auto value) {
  std::array<char, 24> line;
  line[0] = static_cast<char>(type);
  char* end = std::to_chars(line.data() + 1, line.data() + line.size(), value).ptr;
  end = std::copy(kCrlf.begin(), kCrlf.end(), end);
  out.append(line.data(), end);
}

// What printf's %.17g says, whatever the locale; a NaN has no sign.
std::string_view write_double(std::array<char, 32>& buffer, double value) {
  if (std::isnan(value)) return "nan";
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, 17).ptr;
  return {buffer.data(), end};
}

}  // namespace

void append_simple(std::string& out, std::string_view text) { append_clean_line(out, RespType::kSimple, text); }

void append_error(std::string& out, std::string_view text) { append_clean_line(out, RespType::kError, text); }

void append_integer(std::string& out, std::int64_t value) { append_number(out, RespType::kInteger, value); }

void append_bulk(std::string& out, std::string_view bytes) {
  append_number(out, RespType::kBulk, bytes.size());
  out += bytes;
  out += kCrlf;
}

void append_null(std::string& out, RespVersion version) { out += version == RespVersion::kResp2 ? "$-1\r\n" : "_\r\n"; }

void append_null_array(std::string& out, RespVersion version) { out += version == RespVersion::kResp2 ? "*-1\r\n" : "_\r\n"; }

void append_double(std::string& out, RespVersion version, double value) {
  std::array<char, 32> buffer;
  const std::string_view text = write_double(buffer, value);
  if (version == RespVersion::kResp2) return append_bulk(out, text);
  append_line(out, RespType::kDouble, text);
}

void append_boolean(std::string& out, RespVersion version, bool value) {
  if (version == RespVersion::kResp2) return append_integer(out, value ? 1 : 0);
  append_line(out, RespType::kBoolean, value ? "t" : "f");
}

void append_verbatim(std::string& out, RespVersion version, std::string_view text) {
  if (version == RespVersion::kResp2) return append_bulk(out, text);
  append_number(out, RespType::kVerbatim, kTextFormat.size() + text.size());
  out += kTextFormat;
  out += text;
  out += kCrlf;
}

void append_array(std::string& out, std::size_t elements) { append_number(out, RespType::kArray, elements); }

void append_map(std::string& out, RespVersion version, std::size_t pairs) {
  if (version == RespVersion::kResp2) return append_array(out, 2 * pairs);
  append_number(out, RespType::kMap, pairs);
}

void append_set(std::string& out, RespVersion version, std::size_t elements) {
  append_number(out, version == RespVersion::kResp2 ? RespType::kArray : RespType::kSet, elements);
}

void append_push(std::string& out, RespVersion version, std::size_t elements) {
  append_number(out, version == RespVersion::kResp2 ? RespType::kArray : RespType::kPush, elements);
}

}  // namespace respgate::protocol
