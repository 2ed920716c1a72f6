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
  section.not_built("on_overflow", "drop", "write drop; what was dropped is counted");
  section.not_built("key_file", "", "remove it; the lines are not chained");
  section.not_built("rotate", "", "remove it, and rotate with logrotate and SIGHUP", {"size", "keep"});
  section.finish();
}

}  // namespace respgate::proxy
