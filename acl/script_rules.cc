#include "acl/script_rules.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include <openssl/evp.h>

#include "acl/words.h"
#include "protocol/hex.h"

namespace respgate::acl {
namespace {

bool is_listed(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// How servers name a script: the SHA-1 of its text in lower-case hexadecimal.
std::string script_name(std::string_view body) {
  std::array<std::uint8_t, 20> digest{};
  // Fails only without memory; a digest of zeros must never pass for one of a script.
  if (EVP_Digest(body.data(), body.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) std::abort();
  return protocol::to_hex(digest);
}

bool is_allow_listed(const protocol::CommandSpec& spec, protocol::Args args, const PolicyOptions& options) {
  if (spec.name == "script|exists") return true;
  if (args.size() < 2) return false;
  if (spec.name.starts_with("evalsha")) return is_listed(options.script_sha1, lowered(args[1]));
  if (spec.name.starts_with("eval")) return is_listed(options.script_sha1, script_name(args[1]));
  if (spec.name.starts_with("fcall")) return is_listed(options.functions, args[1]);
  // The rest of SCRIPT and FUNCTION concerns what others run.
  return spec.name == "script|load" && args.size() == 3 && is_listed(options.script_sha1, script_name(args[2]));
}

// FUNCTION LOAD, DELETE, FLUSH and RESTORE: they write, but no key.
bool changes_functions(const protocol::CommandSpec& spec) {
  return spec.container != protocol::kNoCommand && spec.has(protocol::flag::kWrite);
}

// EVAL, EVALSHA, FCALL and their kin, and what loads and looks for scripts.
bool concerns_own_calls(const protocol::CommandSpec& spec) {
  return spec.container == protocol::kNoCommand || spec.name == "script|load" || spec.name == "script|exists";
}

}  // namespace

bool may_run_script(const Principal& principal, const protocol::CommandSpec& spec, protocol::Args args, const PolicyOptions& options) {
  if (principal.is_unrestricted()) return true;
  if (changes_functions(spec)) return false;
  // What such a user's script does is judged by the server, but not what it does to the scripts of others.
  if (is_listed(options.own_identity, principal.name()) && concerns_own_calls(spec)) return true;
  switch (options.scripts) {
    case PolicyOptions::Scripts::kDeny: return false;
    case PolicyOptions::Scripts::kAllow: return true;
    case PolicyOptions::Scripts::kAllowList: break;
  }
  return is_allow_listed(spec, args, options);
}

bool is_closed_script(const Principal& principal, const protocol::CommandSpec& spec, const PolicyOptions& options) {
  const bool goes_by_list = options.scripts == PolicyOptions::Scripts::kAllowList;
  if (!goes_by_list || spec.name == "script|exists") return !may_run_script(principal, spec, {}, options);
  if (spec.name.starts_with("fcall") && !options.functions.empty()) return false;
  if ((spec.name.starts_with("eval") || spec.name == "script|load") && !options.script_sha1.empty()) return false;
  return !may_run_script(principal, spec, {}, options);
}

}  // namespace respgate::acl
