#include <algorithm>

#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

struct EventName {
  std::string_view name;
  bool AuditConfig::*wanted;
};

constexpr EventName kEvents[] = {{"auth", &AuditConfig::auth},         {"denied", &AuditConfig::denied},
                                 {"admin", &AuditConfig::admin},       {"reload", &AuditConfig::reload},
                                 {"observed", &AuditConfig::observed}, {"allowed", &AuditConfig::allowed}};

void read_event(MapReader& section, const PlacedText& event, AuditConfig& audit) {
  const auto known = std::find_if(std::begin(kEvents), std::end(kEvents), [&](const EventName& e) { return e.name == event.text; });
  if (known == std::end(kEvents)) {
    return section.complain_at(event.at, "events",
                               quote(event.text) + " is no event: write auth, denied, admin, reload, observed or allowed");
  }
  audit.*(known->wanted) = true;
}

void read_events(MapReader& section, AuditConfig& audit) {
  std::vector<PlacedText> events;
  if (!section.texts("events", events)) return;
  for (const EventName& event : kEvents) audit.*(event.wanted) = false;
  for (const PlacedText& event : events) read_event(section, event, audit);
}

constexpr std::size_t kLeastRotated = 64u << 10;  // a few lines for each rename
constexpr std::size_t kMostRotated = std::size_t{1} << 40;

void read_rotate(MapReader section, AuditConfig::Rotate& rotate) {
  if (section.size("size", rotate.size, {0, kMostRotated}) && rotate.size != 0 && rotate.size < kLeastRotated)
    section.complain("size", "is out of range: write 64KiB or more, or 0B to leave rotating to others");
  section.count("keep", rotate.keep, {1, 100});
  section.finish();
}

}  // namespace

void read_audit(MapReader& root, const Folder& folder, Config& config) {
  if (!root.has("audit")) return;
  MapReader section = root.section("audit");
  AuditConfig& audit = config.audit;
  section.require("file", "file: audit.jsonl, or file: stdout");
  const auto spelling = section.spelling("file");
  if (spelling == "stdout")
    audit.file = *spelling;
  else if (spelling)
    read_path(section, "file", folder, audit.file);
  read_events(section, audit);
  using Keys = AuditConfig::Keys;
  section.choice<Keys>("keys", audit.keys, {{"none", Keys::kNone}, {"hash", Keys::kHash}, {"plain", Keys::kPlain}});
  using Overflow = AuditConfig::Overflow;
  section.choice<Overflow>("on_overflow", audit.on_overflow, {{"drop", Overflow::kDrop}, {"deny", Overflow::kDeny}});
  read_path(section, "key_file", folder, audit.key_file);
  read_rotate(section.section("rotate"), audit.rotate);
  section.finish();
}

}  // namespace respgate::proxy
