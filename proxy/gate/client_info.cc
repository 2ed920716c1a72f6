#include "proxy/gate/client_info.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace respgate::proxy {

namespace {

bool would_split(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7f;
}

class FieldWriter {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!line_.empty()) line_ += ' ';
    line_.append(name).append("=");
    std::ranges::replace_copy_if(value, std::back_inserter(line_), would_split, '_');
  }
  void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
  std::string take() { return std::move(line_) + "\n"; }

 private:
  std::string line_;
};

std::int64_t seconds(std::int64_t milliseconds) { return std::max<std::int64_t>(milliseconds, 0) / 1000; }

void add_connection(const ClientState& client, FieldWriter& line) {
  line.add("id", std::to_string(client.id));
  line.add("addr", client.peer);
  line.add("laddr", client.local);
  line.add("fd", -1);
  line.add("name", client.name);
}

std::string flags_of(const ClientState& client, const ClientActivity& activity) {
  std::string flags;
  if (activity.channels + activity.patterns + activity.shard_channels > 0) flags += 'P';
  if (activity.queued) flags += 'x';
  if (activity.is_blocked) flags += 'b';
  if (activity.tracks) flags += 't';
  if (activity.tracks && activity.tracks_everything) flags += 'B';
  if (client.peer.starts_with('/')) flags += 'U';
  return flags.empty() ? "N" : flags;
}

void add_state(const ClientState& client, const ClientActivity& activity, FieldWriter& line) {
  line.add("flags", flags_of(client, activity));
  line.add("db", client.database);
  line.add("sub", static_cast<std::int64_t>(activity.channels));
  line.add("psub", static_cast<std::int64_t>(activity.patterns));
  line.add("ssub", static_cast<std::int64_t>(activity.shard_channels));
  line.add("multi", activity.queued ? static_cast<std::int64_t>(*activity.queued) : -1);
}

void add_buffers(FieldWriter& line) {
  for (const std::string_view name : {"qbuf", "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl", "oll", "omem", "tot-mem"}) {
    line.add(name, 0);
  }
  line.add("events", "r");
}

void add_identity(const ClientState& client, const ClientActivity& activity, FieldWriter& line) {
  line.add("cmd", activity.command.empty() ? "NULL" : activity.command);
  line.add("user", client.principal ? std::string_view(client.principal->name()) : "(none)");
  line.add("redir", activity.tracks ? static_cast<std::int64_t>(activity.redirect) : -1);
  line.add("resp", static_cast<std::int64_t>(client.resp));
}

}  // namespace

std::string client_info_line(const ClientState& client, const ClientActivity& activity, std::int64_t now_ms) {
  FieldWriter line;
  add_connection(client, line);
  line.add("age", seconds(now_ms - client.connected_ms));
  line.add("idle", seconds(activity.idle_ms));
  add_state(client, activity, line);
  add_buffers(line);
  add_identity(client, activity, line);
  if (client.policy->options().texts != acl::ServerTexts::kRedis70) {
    line.add("lib-name", client.library_name);
    line.add("lib-ver", client.library_version);
  }
  return line.take();
}

}  // namespace respgate::proxy
