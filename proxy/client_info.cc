#include "proxy/client_info.h"

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

void add_state(const ClientState& client, FieldWriter& line) {
  const bool unix_socket = client.peer.starts_with('/');
  line.add("flags", unix_socket ? "U" : "N");
  line.add("db", client.database);
  for (const std::string_view name : {"sub", "psub", "ssub"}) line.add(name, 0);
  line.add("multi", -1);
}

void add_buffers(FieldWriter& line) {
  for (const std::string_view name : {"qbuf", "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl", "oll", "omem", "tot-mem"}) {
    line.add(name, 0);
  }
  line.add("events", "r");
}

void add_identity(const ClientState& client, std::string_view command, FieldWriter& line) {
  line.add("cmd", command.empty() ? "NULL" : command);
  line.add("user", client.principal ? std::string_view(client.principal->name()) : "(none)");
  line.add("redir", -1);
  line.add("resp", static_cast<std::int64_t>(client.resp));
}

}  // namespace

std::string client_info_line(const ClientState& client, const ClientActivity& activity, std::int64_t now_ms) {
  FieldWriter line;
  add_connection(client, line);
  line.add("age", seconds(now_ms - client.connected_ms));
  line.add("idle", seconds(activity.idle_ms));
  add_state(client, line);
  add_buffers(line);
  add_identity(client, activity.command, line);
  if (client.policy->options().texts != acl::ServerTexts::kRedis70) {
    line.add("lib-name", client.library_name);
    line.add("lib-ver", client.library_version);
  }
  return line.take();
}

}  // namespace respgate::proxy
