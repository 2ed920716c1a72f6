// COMMAND: the commands this user may run, under the names in force.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acl/pattern.h"
#include "protocol/reply_writer.h"
#include "protocol/targets.h"
#include "protocol/text.h"
#include "proxy/gate/command_catalog.h"
#include "proxy/gate/command_reply.h"
#include "proxy/gate/local_parts.h"

namespace respgate::proxy {

namespace {

using namespace std::string_view_literals;
using protocol::CommandSpec;

constexpr std::string_view kHelp[] = {
    "(no subcommand)"sv,
    "    Details of every command this user may run."sv,
    "COUNT"sv,
    "    How many commands this user may run."sv,
    "DOCS [<command-name> ...]"sv,
    "    Since when commands exist and what they belong to."sv,
    "GETKEYS <full-command>"sv,
    "    The keys of a whole command."sv,
    "GETKEYSANDFLAGS <full-command>"sv,
    "    The keys of a whole command, and how each is used."sv,
    "INFO [<command-name> ...]"sv,
    "    Details of commands."sv,
    "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]"sv,
    "    The names of the commands this user may run."sv,
};

// What one may be filtered by: a pattern is compared with the name of every command.
constexpr std::size_t kMaxFilterBytes = 1024;

CommandCatalog catalog_of(const LocalCall& call) { return {*call.client.policy, *call.client.principal}; }

// Bounds the reply: no more names than there are commands.
bool names_too_many(const LocalCall& call, std::string& out) {
  if (call.args.size() - 2 <= protocol::kMaxCommands) return false;
  protocol::append_error(out, "ERR respgate: more than " + std::to_string(protocol::kMaxCommands) + " command names in one request");
  return true;
}

void answer_all(const LocalCall& call, std::string& out) {
  const CommandCatalog catalog = catalog_of(call);
  const CommandCatalog::Specs specs = catalog.commands();
  protocol::append_array(out, specs.size());
  for (const CommandSpec* spec : specs) append_command_info(catalog, *spec, call.client.resp, out);
}

void answer_info(const LocalCall& call, std::string& out) {
  if (call.args.size() == 2) return answer_all(call, out);
  if (names_too_many(call, out)) return;
  const CommandCatalog catalog = catalog_of(call);
  protocol::append_array(out, call.args.size() - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    if (const CommandSpec* spec = catalog.find(name)) {
      append_command_info(catalog, *spec, call.client.resp, out);
    } else {
      protocol::append_null(out, call.client.resp);
    }
  }
}

// All of the catalog, or those of the names given that are in it.
CommandCatalog::Specs documented(const LocalCall& call, const CommandCatalog& catalog) {
  if (call.args.size() == 2) return catalog.commands();
  CommandCatalog::Specs specs;
  for (const std::string_view name : call.args.subspan(2)) {
    if (const CommandSpec* spec = catalog.find(name)) specs.push_back(spec);
  }
  return specs;
}

void answer_docs(const LocalCall& call, std::string& out) {
  if (names_too_many(call, out)) return;
  const CommandCatalog catalog = catalog_of(call);
  const CommandCatalog::Specs specs = documented(call, catalog);
  protocol::append_map(out, call.client.resp, specs.size());
  for (const CommandSpec* spec : specs) append_command_docs(catalog, *spec, call.client.resp, out);
}

void answer_count(const LocalCall& call, std::string& out) {
  protocol::append_integer(out, static_cast<std::int64_t>(catalog_of(call).commands().size()));
}

// What COMMAND LIST asks for; each is true of what it lets through.
struct Filter {
  enum class Kind : std::uint8_t { kNone, kModule, kCategory, kPattern };
  Kind kind = Kind::kNone;
  std::optional<protocol::Category> category;  // kCategory; none: no such category, nothing fits
  acl::Pattern pattern;                        // kPattern

  bool admits(const CommandSpec& spec, std::string_view name) const {
    switch (kind) {
      case Kind::kNone: return true;
      case Kind::kModule: return false;  // module commands are unknown here
      case Kind::kCategory: return category && spec.in(*category);
      case Kind::kPattern: return pattern.matches(name);
    }
    return false;
  }
};

std::optional<Filter> parse_filter(const LocalCall& call) {
  if (call.args.size() == 2) return Filter{};
  if (call.args.size() != 5 || !protocol::equals_any_case(call.args[2], "filterby")) return std::nullopt;
  const std::string_view by = call.args[3], value = call.args[4];
  Filter filter;
  if (protocol::equals_any_case(by, "module")) {
    filter.kind = Filter::Kind::kModule;
  } else if (protocol::equals_any_case(by, "aclcat")) {
    filter.kind = Filter::Kind::kCategory;
    filter.category = protocol::find_category(value);
  } else if (protocol::equals_any_case(by, "pattern")) {
    filter.kind = Filter::Kind::kPattern;
    filter.pattern = acl::Pattern::compile(value);
  } else {
    return std::nullopt;
  }
  return filter;
}

void answer_list(const LocalCall& call, std::string& out) {
  if (call.args.size() == 5 && call.args[4].size() > kMaxFilterBytes) {
    return protocol::append_error(out, "ERR respgate: filters are limited to " + std::to_string(kMaxFilterBytes) + " bytes");
  }
  const std::optional<Filter> filter = parse_filter(call);
  if (!filter) return append_syntax_error(out);
  const CommandCatalog catalog = catalog_of(call);
  std::vector<std::string> names;
  for (const CommandSpec& spec : protocol::all_commands()) {
    if (!catalog.contains(spec)) continue;
    std::string name = catalog.name_of(spec);
    if (filter->admits(spec, name)) names.push_back(std::move(name));
  }
  protocol::append_array(out, names.size());
  for (const std::string& name : names) protocol::append_bulk(out, name);
}

bool has_keys(const CommandSpec& spec) {
  return spec.key_function != protocol::KeyFunction::kNone ||
         std::ranges::any_of(spec.keys, [](const protocol::KeySpec& key) { return !key.not_key; });
}

// The words COMMAND has for a key: those of the first specification with this access,
// or the plain ones where the arguments decide (SET … GET).
std::string_view key_words(const CommandSpec& spec, protocol::Access access) {
  for (const protocol::KeySpec& key : spec.keys) {
    if (!key.not_key && !key.variable_flags && key.access == access) return key.flag_words;
  }
  switch (access) {
    case protocol::Access::kRead: return "RO access";
    case protocol::Access::kWrite: return "OW update";
    case protocol::Access::kReadWrite: return "RW access update";
    case protocol::Access::kAny: return "RO";
  }
  return {};
}

enum class KeyDetail : std::uint8_t { kNames, kNamesAndFlags };

void append_keys(const LocalCall& call, const CommandSpec& spec, KeyDetail detail, std::string& out) {
  const protocol::Args whole = call.args.subspan(2);
  protocol::TargetFinder finder;
  const protocol::Targets& targets = finder.find(spec, whole);
  const bool found = targets.status() == protocol::Targets::Status::kFound && !targets.keys().empty();
  if (!found && spec.has(protocol::flag::kNoMandatoryKeys)) return protocol::append_array(out, 0);
  if (!found) return protocol::append_error(out, "ERR Invalid arguments specified for command");
  protocol::append_array(out, targets.keys().size());
  for (const protocol::KeyRef& key : targets.keys()) {
    if (detail == KeyDetail::kNamesAndFlags) protocol::append_array(out, 2);
    protocol::append_bulk(out, whole[key.arg]);
    if (detail == KeyDetail::kNamesAndFlags) append_words(key_words(spec, key.access), call.client.resp, out);
  }
}

void answer_keys(const LocalCall& call, KeyDetail detail, std::string& out) {
  const protocol::Args whole = call.args.subspan(2);
  const protocol::CommandLookup found = call.client.policy->rules().find(whole);
  if (found.status != protocol::CommandLookup::Status::kFound) return protocol::append_error(out, "ERR Invalid command specified");
  if (!has_keys(*found.spec)) return protocol::append_error(out, "ERR The command has no key arguments");
  if (!found.spec->arity_fits(whole.size())) {
    return protocol::append_error(out, "ERR Invalid number of arguments specified for command");
  }
  append_keys(call, *found.spec, detail, out);
}

void answer_getkeys(const LocalCall& call, std::string& out) { answer_keys(call, KeyDetail::kNames, out); }
void answer_getkeysandflags(const LocalCall& call, std::string& out) { answer_keys(call, KeyDetail::kNamesAndFlags, out); }

void answer_help(const LocalCall& call, std::string& out) { append_help(call, kHelp, out); }

constexpr LocalHandler kHandlers[] = {
    {"command", answer_all},
    {"command|count", answer_count},
    {"command|list", answer_list},
    {"command|info", answer_info},
    {"command|docs", answer_docs},
    {"command|getkeys", answer_getkeys},
    {"command|getkeysandflags", answer_getkeysandflags},
    {"command|help", answer_help},
};

}  // namespace

void answer_command(const LocalCall& call, std::string& out) { answer_with(kHandlers, call, out); }

}  // namespace respgate::proxy
