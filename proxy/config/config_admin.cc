#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

void refuse_open_admin(MapReader& section, const AdminConfig& admin) {
  if (!admin.address || admin.address->is_loopback() || section.has("token_file")) return;
  section.complain("address",
                   quote(admin.address->text) + " can be reached from other machines: write token_file: FILE, or listen on 127.0.0.1");
}

}  // namespace

void read_admin(MapReader& root, const Folder& folder, Config& config) {
  MapReader section = root.section("admin");
  AdminConfig& admin = config.admin;
  admin.address = read_address(section, "address", folder);
  admin.health_address = read_address(section, "health_address", folder);
  read_path(section, "token_file", folder, admin.token_file);
  if (section.has("token")) section.complain("token", "secrets do not stand here: put it into a file and write token_file: FILE");
  std::vector<PlacedText> hosts;
  section.texts("hosts", hosts);
  for (PlacedText& host : hosts) admin.hosts.push_back(std::move(host.text));
  refuse_open_admin(section, admin);
  section.finish();
}

}  // namespace respgate::proxy
