// How a line of the audit log is tied to the one before it, so that nobody without the
// key can change, remove, add or reorder lines unseen.
//
//   line  := '{' … ,"seq":N,"chain":"<64 hex digits>"}
//   chain := HMAC-SHA256(key, chain of the line before ‖ the line up to and without ,"chain")
//
// The first line of a chain has seq 1 and 32 zero bytes before it.  What is cut off at the
// end leaves a whole chain behind: that is only seen by who knows the head (its seq and
// chain) from somewhere else, such as a metric.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include "proxy/common/hmac.h"
#include "proxy/common/trusted_file.h"

namespace respgate::proxy {

using ChainValue = Hmac::Value;

std::string to_hex(const ChainValue& value);
std::optional<ChainValue> read_chain_value(std::string_view hex);  // 64 lower-case hex digits
ChainValue sha256_of(std::string_view bytes);
bool same_value(const ChainValue& a, const ChainValue& b);  // constant time

// The last line of a chain; position 0: there is none yet.
struct ChainHead {
  std::uint64_t position = 0;
  ChainValue value{};
  bool operator==(const ChainHead&) const = default;
};
std::string to_text(const ChainHead& head);                       // "41:0a1b…"
std::optional<ChainHead> read_chain_head(std::string_view text);  // of that spelling only

// The secret of audit.key_file.
class AuditKey {
 public:
  static constexpr std::size_t kLeastBytes = 16;
  explicit AuditKey(std::string secret) : secret_(std::move(secret)) {}
  // The whole file but for white space at its end.  Refused: a file that is not to be trusted, or fewer than kLeastBytes.
  static boost::system::result<AuditKey, FileProblem> from_file(const std::string& file);
  bool operator==(const AuditKey&) const = default;

 private:
  friend class ChainSealer;
  std::string secret_;
};

// A line as it stands in the file, taken apart; views into it.
struct SealedLine {
  std::string_view text;  // what its chain value covers, together with the value before it
  std::uint64_t position = 0;
  ChainValue value{};
};
// `line` without its newline.  Nothing: it is not of any chain.
std::optional<SealedLine> read_sealed(std::string_view line);

// Computes chain values with one key.  Lives on one thread.
class ChainSealer {
 public:
  explicit ChainSealer(const AuditKey& key) : hmac_(key.secret_) {}  // throws as Hmac
  ChainValue value_of(const ChainValue& before, std::string_view text) const;
  // Ties a line that ends with "}\n" to `head`, which becomes that line.
  void seal(std::string& line, ChainHead& head) const;
  bool follows(const SealedLine& line, const ChainValue& before) const { return same_value(value_of(before, line.text), line.value); }

 private:
  Hmac hmac_;
};

}  // namespace respgate::proxy
