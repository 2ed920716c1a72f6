#include "proxy/audit/audit_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "proxy/audit/audit_json.h"
#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

using Json = nlohmann::json;
using Touch = AuditRecord::Touch;

constexpr std::array<std::pair<std::string_view, AuditTouch::Kind>, 7> kAccess{{{"A", AuditTouch::Kind::kAny},
                                                                                {"R", AuditTouch::Kind::kRead},
                                                                                {"W", AuditTouch::Kind::kWrite},
                                                                                {"RW", AuditTouch::Kind::kReadWrite},
                                                                                {"C", AuditTouch::Kind::kChannel},
                                                                                {"P", AuditTouch::Kind::kChannelPattern},
                                                                                {"E", AuditTouch::Kind::kEveryKey}}};

std::optional<AuditEvent::Kind> read_kind(std::string_view name) {
  using enum AuditEvent::Kind;
  for (const AuditEvent::Kind kind : {kAuth, kDenied, kAdmin, kReload, kObserved, kAllowed, kAudit})
    if (audit_kind_name(kind) == name) return kind;
  return std::nullopt;
}

std::optional<std::string> text_of(const Json& line, const char* name) {
  const auto found = line.find(name);
  if (found == line.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// Whole.
std::optional<std::string> bytes_of(const Json& line, const char* name) {
  const auto text = text_of(line, name);
  const auto read = text ? read_log_text(*text) : std::nullopt;
  if (!read || read->is_cut) return std::nullopt;
  return read->bytes;
}

std::optional<Touch> read_touch(std::string_view text) {
  const std::size_t mark = std::min(text.find_first_of("~#"), text.size());
  const auto known = std::find_if(kAccess.begin(), kAccess.end(), [&](const auto& one) { return one.first == text.substr(0, mark); });
  if (known == kAccess.end()) return std::nullopt;
  Touch touch;
  touch.kind = known->second;
  if (mark == text.size()) return touch;
  touch.spelling = text[mark] == '~' ? Touch::Name::kPlain : Touch::Name::kHashed;
  if (touch.spelling == Touch::Name::kHashed) return touch;
  const auto name = read_log_text(text.substr(mark + 1));
  if (!name) return std::nullopt;
  touch.name = name->bytes;
  touch.is_cut = name->is_cut;
  return touch;
}

bool read_touches(const Json& line, AuditRecord& record) {
  const auto list = line.find("touches");
  if (list == line.end() || !list->is_array()) return false;
  for (const Json& element : *list) {
    if (!element.is_string()) return false;
    const auto& text = element.get_ref<const std::string&>();
    if (text.starts_with('+')) {
      std::from_chars(text.data() + 1, text.data() + text.size(), record.touches_left_out);
    } else if (auto touch = read_touch(text)) {
      record.touches.push_back(std::move(*touch));
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<AuditRecord> read_audit_record(std::string_view line) {
  const Json parsed = Json::parse(line, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  AuditRecord record;
  const auto kind = read_kind(text_of(parsed, "kind").value_or(""));
  auto user = bytes_of(parsed, "user");
  auto command = bytes_of(parsed, "command");
  auto reason = bytes_of(parsed, "reason");
  if (!kind || !user || !command || !reason || !read_touches(parsed, record)) return std::nullopt;
  record.kind = *kind;
  record.user = std::move(*user);
  record.command = std::move(*command);
  record.reason = std::move(*reason);
  return record;
}

}  // namespace respgate::proxy
