#include <algorithm>
#include <chrono>

#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

// What PutMetricData takes; AWS keeps names with "AWS/" in front to itself.
bool is_name_space(std::string_view name) {
  constexpr std::string_view kBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/#:";
  return !name.empty() && name.size() <= 255 && name.find_first_not_of(kBytes) == std::string_view::npos && !name.starts_with("AWS/") &&
         !name.starts_with(':');
}

EmfConfig read_emf(MapReader section, const Folder& folder) {
  EmfConfig emf;
  section.require("file", "file: stdout, or file: metrics.emf");
  const auto spelling = section.spelling("file");
  if (spelling == "stdout")
    emf.file = *spelling;
  else if (spelling)
    read_path(section, "file", folder, emf.file);
  if (section.text("namespace", emf.name_space) && !is_name_space(emf.name_space)) {
    section.complain(
        "namespace",
        quote(emf.name_space) + " is no name for a namespace: write 1 to 255 letters, digits or any of .-_/#: , and not AWS/ in front");
  }
  section.duration("interval", emf.interval, {std::chrono::seconds(1), std::chrono::hours(1)});
  section.finish();
  return emf;
}

}  // namespace

void read_metrics(MapReader& root, const Folder& folder, Config& config) {
  MapReader section = root.section("metrics");
  if (section.has("cloudwatch_emf")) config.emf = read_emf(section.section("cloudwatch_emf"), folder);
  section.finish();
}

}  // namespace respgate::proxy
