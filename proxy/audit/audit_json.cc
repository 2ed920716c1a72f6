#include "proxy/audit/audit_json.h"

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>

#include <openssl/rand.h>

#include "protocol/hex.h"
#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kDetailBytes = 1024;
constexpr std::size_t kLineBytes = 512;  // of most
constexpr std::size_t kHashBytes = 8;    // shown as 16 hex digits

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

void append_digits(std::string& out, unsigned value, std::size_t digits) {
  out.append(digits, '0');
  for (auto at = out.rbegin(); digits > 0; --digits, value /= 10) *at++ = static_cast<char>('0' + value % 10);
}

// RFC 3339, UTC, milliseconds.  By arithmetic, since every line has one.
std::string timestamp(std::chrono::system_clock::time_point when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::milliseconds>(when - day));
  std::string out;
  const auto append = [&out](auto value, std::size_t digits, char behind) {
    append_digits(out, static_cast<unsigned>(value), digits);
    out += behind;
  };
  append(static_cast<int>(date.year()), 4, '-');
  append(static_cast<unsigned>(date.month()), 2, '-');
  append(static_cast<unsigned>(date.day()), 2, 'T');
  append(time.hours().count(), 2, ':');
  append(time.minutes().count(), 2, ':');
  append(time.seconds().count(), 2, '.');
  append(time.subseconds().count(), 3, 'Z');
  return out;
}

}  // namespace

KeyText::KeyText(AuditConfig::Keys mode) : mode_(mode) {
  if (mode_ != AuditConfig::Keys::kHash) return;
  std::array<unsigned char, 32> secret{};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    throw std::runtime_error("audit.keys: hash needs random bytes, and OpenSSL has none");
  hash_.emplace(std::string_view(reinterpret_cast<const char*>(secret.data()), secret.size()));
}

std::string KeyText::of(std::string_view key) const {
  if (key.empty() || mode_ == AuditConfig::Keys::kNone) return {};
  if (mode_ == AuditConfig::Keys::kPlain) return log_text(key);
  const Hmac::Value hash = hash_->of({key});
  return protocol::to_hex(std::span(hash).first(kHashBytes));
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
  out.reserve(kLineBytes);
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
