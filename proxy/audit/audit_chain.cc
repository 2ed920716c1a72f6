#include "proxy/audit/audit_chain.h"

#include <charconv>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "protocol/hex.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kSeq = ",\"seq\":";
constexpr std::string_view kChain = ",\"chain\":\"";
constexpr std::string_view kEnd = "\"}";
constexpr std::size_t kHexDigits = 2 * sizeof(ChainValue);

// In its only spelling: no sign, no leading zero, not 0.
std::optional<std::uint64_t> read_position(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || digits.front() == '0' || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_hex(const ChainValue& value) { return protocol::to_hex(value); }

std::optional<ChainValue> read_chain_value(std::string_view hex) {
  ChainValue value{};
  if (!protocol::read_hex(hex, value)) return std::nullopt;
  return value;
}

ChainValue sha256_of(std::string_view bytes) {
  ChainValue digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

bool same_value(const ChainValue& a, const ChainValue& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

std::string to_text(const ChainHead& head) { return std::to_string(head.position) + ":" + to_hex(head.value); }

std::optional<ChainHead> read_chain_head(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> position = read_position(text.substr(0, colon));
  const std::optional<ChainValue> value = read_chain_value(text.substr(colon + 1));
  if (!position || !value) return std::nullopt;
  return ChainHead{*position, *value};
}

boost::system::result<AuditKey, FileProblem> AuditKey::from_file(const std::string& file) {
  const FileResult read = read_trusted_file(file, kMaxSecretBytes);
  if (!read) return read.error();
  std::string secret = read->text;
  secret.erase(secret.find_last_not_of(" \t\r\n") + 1);
  if (secret.size() < kLeastBytes)
    return FileProblem{"must hold a key of at least " + std::to_string(kLeastBytes) + " bytes, such as openssl rand -hex 32 prints"};
  return AuditKey(std::move(secret));
}

std::optional<SealedLine> read_sealed(std::string_view line) {
  constexpr std::size_t kTail = kChain.size() + kHexDigits + kEnd.size();
  if (line.size() <= kTail || !line.ends_with(kEnd)) return std::nullopt;
  SealedLine sealed;
  sealed.text = line.substr(0, line.size() - kTail);
  const std::string_view tail = line.substr(sealed.text.size());
  const std::optional<ChainValue> value = read_chain_value(tail.substr(kChain.size(), kHexDigits));
  const std::size_t seq = sealed.text.rfind(kSeq);
  if (!tail.starts_with(kChain) || !value || seq == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> position = read_position(sealed.text.substr(seq + kSeq.size()));
  if (!position) return std::nullopt;
  sealed.position = *position;
  sealed.value = *value;
  return sealed;
}

ChainValue ChainSealer::value_of(const ChainValue& before, std::string_view text) const {
  return hmac_.of({{reinterpret_cast<const char*>(before.data()), before.size()}, text});
}

void ChainSealer::seal(std::string& line, ChainHead& head) const {
  line.resize(line.size() - std::string_view("}\n").size());
  line.append(kSeq).append(std::to_string(head.position + 1));
  head = {head.position + 1, value_of(head.value, line)};
  line.append(kChain).append(to_hex(head.value)).append(kEnd).append("\n");
}

}  // namespace respgate::proxy
