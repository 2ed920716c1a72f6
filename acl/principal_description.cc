// Principals in the words of ACL LIST and ACL GETUSER.
#include <utility>

#include "acl/principal.h"

namespace respgate::acl {
namespace {

void append_word(std::string& line, std::string_view word) {
  if (word.empty()) return;
  if (!line.empty()) line += ' ';
  line += word;
}

std::string describe_selector(const Selector& selector) {
  std::string line = describe_keys(selector);
  if (!selector.grants_all_channels()) append_word(line, "resetchannels");
  append_word(line, describe_channels(selector));
  if (!selector.grants_all_databases()) append_word(line, describe_databases(selector));
  append_word(line, selector.command_rules());
  return line;
}

}  // namespace

std::string describe(const KeyGrant& grant) {
  switch (grant.access) {
    case protocol::Access::kRead: return "%R~" + grant.pattern.text();
    case protocol::Access::kWrite: return "%W~" + grant.pattern.text();
    default: break;
  }
  // `%RW~*` is less than `~*`: servers print both alike, which reads back as more than was granted.
  return (grant.pattern.text() == "*" ? "%RW~" : "~") + grant.pattern.text();
}

std::string describe_keys(const Selector& selector) {
  if (selector.grants_all_keys()) return "~*";
  std::string line;
  for (const KeyGrant& grant : selector.key_grants()) append_word(line, describe(grant));
  return line;
}

std::string describe_channels(const Selector& selector) {
  if (selector.grants_all_channels()) return "&*";
  std::string line;
  for (const Pattern& channel : selector.channel_grants()) append_word(line, "&" + channel.text());
  return line;
}

std::string describe_databases(const Selector& selector) {
  if (selector.grants_all_databases()) return "alldbs";
  if (selector.databases().empty()) return "resetdbs";
  std::string line = "db=";
  for (const std::int64_t database : selector.databases()) {
    if (line.back() != '=') line += ',';
    line += std::to_string(database);
  }
  return line;
}

std::string describe(const Principal& principal, Hashes hashes) {
  std::string line = "user " + principal.name() + (principal.is_enabled() ? " on" : " off");
  if (principal.accepts_any_password()) append_word(line, "nopass");
  append_word(line, principal.sanitizes_payload() ? "sanitize-payload" : "skip-sanitize-payload");
  if (hashes == Hashes::kShow) {
    for (const Secret& secret : principal.passwords()) append_word(line, "#" + secret.to_hex());
  }
  append_word(line, describe_selector(principal.selectors().front()));
  for (const Selector& selector : principal.selectors().subspan(1)) append_word(line, "(" + describe_selector(selector) + ")");
  return line;
}

}  // namespace respgate::acl
