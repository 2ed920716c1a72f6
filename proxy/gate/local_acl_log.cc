// ACL LOG: what the proxy has refused lately, to whom, with the server's own fields:
// seven of Redis 7.0, ten from 7.2 on.
#include <algorithm>
#include <optional>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/gate/local_parts.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kDefaultEntries = 10;
constexpr std::size_t kFieldsOf70 = 7;
constexpr std::size_t kFieldsOf72 = 10;

void append_text(std::string_view name, std::string_view value, std::string& out) {
  protocol::append_bulk(out, name);
  protocol::append_bulk(out, value);
}

void append_number(std::string_view name, std::int64_t value, std::string& out) {
  protocol::append_bulk(out, name);
  protocol::append_integer(out, value);
}

// Redis 7.0 knows nothing of certificates that log in.
std::string_view reason_of(const AclLogEntry& entry, bool is_70) {
  return is_70 && entry.reason == AclLogEntry::Reason::kCertificate ? acl_log_reason(AclLogEntry::Reason::kAuth)
                                                                    : acl_log_reason(entry.reason);
}

void append_entry(const LocalCall& call, const AclLogEntry& entry, std::string& out) {
  const bool is_70 = call.client.policy->options().texts == acl::ServerTexts::kRedis70;
  // Another worker's clock may be a moment ahead of what this session calls now.
  const std::int64_t age_ms = std::max<std::int64_t>(call.now_ms - entry.last_ms, 0);
  protocol::append_map(out, call.client.resp, is_70 ? kFieldsOf70 : kFieldsOf72);
  append_number("count", static_cast<std::int64_t>(entry.count), out);
  append_text("reason", reason_of(entry, is_70), out);
  append_text("context", acl_log_context(entry.context), out);
  append_text("object", entry.object, out);
  append_text("username", entry.username, out);
  protocol::append_bulk(out, "age-seconds");
  protocol::append_double(out, call.client.resp, static_cast<double>(age_ms) / 1000);
  append_text("client-info", entry.client_info, out);
  if (is_70) return;
  append_number("entry-id", static_cast<std::int64_t>(entry.id), out);
  append_number("timestamp-created", entry.created_unix_ms, out);
  append_number("timestamp-last-updated", entry.last_unix_ms, out);
}

}  // namespace

void answer_acl_log(const LocalCall& call, std::string& out) {
  if (call.args.size() > 3) return append_wrong_arguments(call, out);
  std::size_t count = kDefaultEntries;
  if (call.args.size() == 3) {
    if (protocol::is_option(call.args[2], "reset")) {
      if (call.process != nullptr) call.process->forget_denials();
      return protocol::append_simple(out, "OK");
    }
    const std::optional<std::int64_t> asked = protocol::parse_strict_integer(call.args[2]);
    if (!asked) return protocol::append_error(out, "ERR value is not an integer or out of range");
    count = static_cast<std::size_t>(std::clamp<std::int64_t>(*asked, 0, AclLog::kMost));
  }
  const std::vector<AclLogEntry> entries = call.process != nullptr ? call.process->newest_denials(count) : std::vector<AclLogEntry>{};
  protocol::append_array(out, entries.size());
  for (const AclLogEntry& entry : entries) append_entry(call, entry, out);
}

}  // namespace respgate::proxy
