#include "proxy/audit/audit_json.h"

#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kDetailBytes = 1024;
constexpr std::size_t kHashBytes = 8;  // shown as 16 hex digits

// REQUIRES: `text` is printable ASCII without a quote, as log_text() makes it.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_quoted(out, text);
}

void append_member(std::string& out, std::string_view name, std::uint64_t number) {
  out += ",\"";
  out += name;
  out += "\":";
  out += std::to_string(number);
}

std::string_view access_text(AuditTouch::Kind kind) {
  switch (kind) {
    case AuditTouch::Kind::kAny: return "A";
    case AuditTouch::Kind::kRead: return "R";
    case AuditTouch::Kind::kWrite: return "W";
    case AuditTouch::Kind::kReadWrite: return "RW";
    case AuditTouch::Kind::kChannel: return "C";
    case AuditTouch::Kind::kChannelPattern: return "P";
    case AuditTouch::Kind::kEveryKey: return "E";
  }
  return "";
}

std::string touch_text(const AuditTouch& touch, const KeyText& keys) {
  std::string text(access_text(touch.kind));
  if (touch.kind == AuditTouch::Kind::kEveryKey || keys.mark() == '\0') return text;
  return text.append(1, keys.mark()).append(keys.of(touch.name));
}

void append_touches(std::string& out, const AuditEvent& event, const KeyText& keys) {
  out += ",\"touches\":[";
  const char* separator = "";
  const auto append = [&](std::string_view text) {
    out += std::exchange(separator, ",");
    append_quoted(out, text);
  };
  for (const AuditTouch& touch : event.touches) append(touch_text(touch, keys));
  if (event.touches_left_out > 0) append("+" + std::to_string(event.touches_left_out));
  out += "]";
}

// RFC 3339, UTC, milliseconds.
std::string timestamp(std::chrono::system_clock::time_point when) {
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(when - second).count();
  const std::time_t time = std::chrono::system_clock::to_time_t(second);
  std::tm utc{};
  gmtime_r(&time, &utc);
  char day[32];
  const std::size_t size = std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(milliseconds));
  return std::string(day, size) + fraction;
}

}  // namespace

KeyText::KeyText(AuditConfig::Keys mode) : mode_(mode) {
  if (mode_ == AuditConfig::Keys::kHash && RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) {
    throw std::runtime_error("audit.keys: hash needs random bytes, and OpenSSL has none");
  }
}

std::string KeyText::of(std::string_view key) const {
  if (key.empty() || mode_ == AuditConfig::Keys::kNone) return {};
  if (mode_ == AuditConfig::Keys::kPlain) return log_text(key);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), reinterpret_cast<const unsigned char*>(key.data()), key.size(),
       digest.data(), nullptr);
  char hex[2 * kHashBytes + 1];
  for (std::size_t i = 0; i < kHashBytes; ++i) std::snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  return hex;
}

char KeyText::mark() const { return mode_ == AuditConfig::Keys::kPlain ? '~' : mode_ == AuditConfig::Keys::kHash ? '#' : '\0'; }

std::string_view audit_kind_name(AuditEvent::Kind kind) {
  switch (kind) {
    case AuditEvent::Kind::kAuth: return "auth";
    case AuditEvent::Kind::kDenied: return "denied";
    case AuditEvent::Kind::kAdmin: return "admin";
    case AuditEvent::Kind::kReload: return "reload";
    case AuditEvent::Kind::kObserved: return "observed";
    case AuditEvent::Kind::kAllowed: return "allowed";
    case AuditEvent::Kind::kAudit: return "audit";
  }
  return "";
}

std::string audit_line(const AuditEvent& event, std::chrono::system_clock::time_point when, const KeyText& keys) {
  std::string out = "{\"time\":";
  append_quoted(out, timestamp(when));
  append_member(out, "kind", audit_kind_name(event.kind));
  append_member(out, "verdict", log_text(event.verdict));
  append_member(out, "session", event.session);
  append_member(out, "listener", log_text(event.listener));
  append_member(out, "peer", log_text(event.peer));
  append_member(out, "identity", log_text(event.identity));
  append_member(out, "user", log_text(event.user));
  append_member(out, "command", log_text(event.command));
  append_member(out, "reason", log_text(event.reason));
  append_member(out, "key", keys.of(event.key));
  append_touches(out, event, keys);
  append_member(out, "generation", event.generation);
  append_member(out, "detail", log_text(event.detail, kDetailBytes));
  out += "}\n";
  return out;
}

std::string json_array_of(std::string_view lines) {
  std::string out = "[";
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    if (out.size() > 1) out += ",\n";
    out += lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  out += "]\n";
  return out;
}

}  // namespace respgate::proxy
