// The words of a denial: a server's own, byte for byte, where a server says them too.
#include "acl/authorizer.h"

namespace respgate::acl {
namespace {

using protocol::CommandSpec;
using Reason = Decision::Reason;
using Detail = Decision::Detail;

constexpr std::string_view kScriptsLimited = "NOPERM respgate: scripts are limited to unrestricted users";
constexpr std::string_view kNoDatabase = "No permissions to access database";

std::string in_quotes(std::string_view bytes) { return "'" + std::string(bytes) + "'"; }

std::string command_words(const CommandSpec& spec) { return " has no permissions to run the " + in_quotes(spec.name) + " command"; }

std::string text_of_70(const Decision& decision, const CommandSpec& spec) {
  switch (decision.reason) {
    case Reason::kKey: return "NOPERM this user has no permissions to access one of the keys used as arguments";
    case Reason::kChannel: return "NOPERM this user has no permissions to access one of the channels used as arguments";
    default: return "NOPERM this user" + command_words(spec);
  }
}

std::string text_of_72(const Decision& decision, const Principal& principal, const CommandSpec& spec) {
  switch (decision.reason) {
    case Reason::kKey: return "NOPERM No permissions to access a key";
    case Reason::kChannel: return "NOPERM No permissions to access a channel";
    default: return "NOPERM User " + principal.name() + command_words(spec);
  }
}

// What the server finds out while it runs the command, and what only we refuse; empty for the rest.
std::string text_of_detail(Detail detail, const protocol::Targets& targets) {
  switch (detail) {
    case Detail::kSortBy: return "ERR BY option of SORT denied due to insufficient ACL permissions.";
    case Detail::kSortGet: return "ERR GET option of SORT denied due to insufficient ACL permissions.";
    case Detail::kScript: return std::string(kScriptsLimited);
    case Detail::kTargets: return std::string(targets.refusal());
    case Detail::kNone:
    case Detail::kKeyspaceNames: break;
  }
  return {};
}

}  // namespace

std::string_view reason_name(Reason reason) {
  switch (reason) {
    case Reason::kCommand: return "command";
    case Reason::kKey: return "key";
    case Reason::kChannel: return "channel";
    case Reason::kDatabase: return "database";
    case Reason::kAllowed: break;
  }
  return "allowed";
}

std::string denial_text(const Decision& decision, const Principal& principal, const CommandSpec& spec, const protocol::Targets& targets,
                        ServerTexts texts) {
  if (std::string text = text_of_detail(decision.detail, targets); !text.empty()) return text;
  if (decision.reason == Reason::kDatabase) return "NOPERM " + std::string(kNoDatabase);
  return texts == ServerTexts::kRedis70 ? text_of_70(decision, spec) : text_of_72(decision, principal, spec);
}

std::string dryrun_text(const Decision& decision, const Principal& principal, const CommandSpec& spec, protocol::Args args,
                        ServerTexts texts) {
  const std::string subject = texts == ServerTexts::kRedis70 ? "This user" : "User " + principal.name();
  switch (decision.detail) {
    case Detail::kSortBy:
    case Detail::kSortGet: return subject + " has no permissions to read every key, as BY and GET of SORT need";
    case Detail::kScript: return subject + " has limits, and " + std::string(kScriptsLimited.substr(sizeof "NOPERM respgate:"));
    case Detail::kKeyspaceNames: return subject + " has no permissions to access every key, as " + in_quotes(spec.name) + " needs";
    case Detail::kTargets: return "The keys of " + in_quotes(spec.name) + " cannot be told from these arguments";
    case Detail::kNone: break;
  }
  switch (decision.reason) {
    case Reason::kKey: return subject + " has no permissions to access the " + in_quotes(args[decision.arg]) + " key";
    case Reason::kChannel: return subject + " has no permissions to access the " + in_quotes(args[decision.arg]) + " channel";
    case Reason::kDatabase: return subject + " has no permissions to access the database";
    default: return subject + command_words(spec);
  }
}

}  // namespace respgate::acl
