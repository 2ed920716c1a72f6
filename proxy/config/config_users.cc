#include <algorithm>

#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

void read_members(MapReader& section, const MapReader::NamedTexts& written, acl::CommandRules::Group& group) {
  for (const PlacedText& member : written.texts) {
    if (std::find(group.members.begin(), group.members.end(), member.text) == group.members.end()) {
      group.members.push_back(member.text);
    } else {
      section.complain_at(member.at, "groups." + group.name, quote(member.text) + " is there twice: remove one of them");
    }
  }
}

void read_groups(MapReader& section, Config& config) {
  for (const MapReader::NamedTexts& written : section.named_texts("groups")) {
    if (!is_label(written.name.text)) {
      section.complain_at(written.name.at, "groups", quote(written.name.text) + " cannot be a name: write " + std::string(kLabelSpelling));
    }
    acl::CommandRules::Group group{written.name.text, {}};
    read_members(section, written, group);
    config.groups.push_back(std::move(group));
  }
}

}  // namespace

void read_users(MapReader& root, const Folder& folder, Config& config) {
  root.require("users", "users: {file: users.acl}");
  if (!root.has("users")) return;
  MapReader section = root.section("users");
  section.require("file", "file: users.acl");
  read_path(section, "file", folder, config.users_file);
  read_groups(section, config);
  read_iam_users(section, folder, config.iam_users);
  section.finish();
}

}  // namespace respgate::proxy
