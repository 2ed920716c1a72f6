#include "proxy/server/server_facts.h"

namespace respgate::proxy {

ServerFacts server_facts(const Config& config) {
  ServerFacts facts;
  facts.version = config.policy.texts == acl::ServerTexts::kRedis70 ? "7.0.0" : "7.2.0";
  for (const acl::RenameText& renamed : config.upstream.command_names) {
    if (const protocol::CommandSpec* spec = protocol::find_command_by_name(renamed.from))
      facts.command_names.push_back({spec->id, renamed.to});
  }
  return facts;
}

}  // namespace respgate::proxy
