// respgate dev: the proxy in front of a private server, with a sample policy or yours.
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/cli.h"
#include "proxy/dev_server.h"
#include "proxy/listening_socket.h"
#include "proxy/log_text.h"
#include "proxy/policy_loader.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kSampleUsers =
    "user app on >app-secret ~app:* &app:* +@all -@dangerous\n"
    "user admin on >admin-secret ~* &* +@all\n";

constexpr std::string_view kSampleConfig = R"(
listeners:
  - name: dev
    address: 127.0.0.1:6379
upstream:
  nodes: ["127.0.0.1:1"]
users:
  file: users.acl
commands:
  rules:
    - {match: [FLUSHALL, FLUSHDB], users: [app], action: deny, message: "ask an admin"}
)";

// A configuration and the words for its users' passwords.
struct Setting {
  Config config;
  bool is_sample = false;
};

void print(const ConfigErrors& errors) {
  for (const ConfigError& error : errors.errors) std::fprintf(stderr, "%s\n", to_string(error).c_str());
}

std::optional<Setting> read_setting(const std::string& config_file, const DevDirectory& directory) {
  const bool is_sample = config_file.empty();
  if (is_sample) directory.write("users.acl", kSampleUsers);
  ConfigResult config = is_sample ? parse_config(kSampleConfig, directory.file("respgate.yaml")) : load_config(config_file);
  if (!config) {
    print(config.error());
    return std::nullopt;
  }
  return Setting{std::move(*config), is_sample};
}

// The same policy and listeners, but the upstream is the private server.
bool adapt(Config& config, const DevServer& server, const std::optional<std::uint16_t>& port) {
  Address& first = config.listeners.front().address;
  if (port && first.kind == Address::Kind::kUnix) {
    std::fprintf(stderr, "respgate dev: --port is for a first listener with a port, and this one is %s\n", first.text.c_str());
    return false;
  }
  if (port) {
    const std::string host = first.host.find(':') != std::string::npos ? "[" + first.host + "]" : first.host;
    first.port = *port;
    first.text = host + ":" + std::to_string(*port);
  }
  config.upstream = UpstreamConfig{};
  config.upstream.nodes = {*parse_address("unix:" + server.socket_path(), "/")};
  config.file.clear();  // a reload reads users.acl again, but not what was replaced here
  return true;
}

bool is_free(const ListenerConfig& listener) {
  try {
    open_listener(listener, 1);
    return true;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "respgate dev: %s; --port N takes another port\n", error.what());
    return false;
  }
}

std::string redis_cli(const Address& address, std::uint16_t port) {
  if (address.kind == Address::Kind::kUnix) return "redis-cli -s " + address.path;
  const bool is_default_host = address.host == "127.0.0.1" || address.host == "localhost" || address.host == "0.0.0.0";
  return "redis-cli " + (is_default_host ? "" : "-h " + address.host + " ") + "-p " + std::to_string(port);
}

void print_welcome(const Setting& setting, const acl::Policy& policy, const DevServer& server, std::uint16_t port) {
  const std::string command = redis_cli(setting.config.listeners.front().address, port);
  std::printf("respgate dev: in front of a private %s, whose data go when this ends (Ctrl-C)\n\n", server.program().c_str());
  if (setting.is_sample) {
    std::printf("  %s --user app --pass app-secret       keys app:*, nothing dangerous\n", command.c_str());
    std::printf("  %s --user admin --pass admin-secret   everything\n", command.c_str());
  }
  for (const acl::Principal& user : policy.principals()) {
    if (setting.is_sample || !user.is_enabled()) continue;
    std::printf("  %s --user \"%s\" %s\n", command.c_str(), log_text(user.name()).c_str(),
                user.accepts_any_password() ? "--pass any" : "--askpass");
  }
  std::printf("\n");
  std::fflush(stdout);
}

int serve(const DevOptions& options) {
  const DevServer server;
  std::optional<Setting> setting = read_setting(options.config_file, server.directory());
  if (!setting) return kExitConfig;
  const PolicyResult policy = load_policy(setting->config, 1);
  if (!policy) {
    print(policy.error());
    return kExitConfig;
  }
  if (!adapt(setting->config, server, options.port) || !is_free(setting->config.listeners.front())) return kExitConfig;
  return run_proxy(setting->config, options.log, [&](std::uint16_t port) { print_welcome(*setting, **policy, server, port); });
}

}  // namespace

int run_dev(const DevOptions& options) {
  try {
    return serve(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "respgate dev: %s\n", error.what());
    return kExitConfig;
  }
}

}  // namespace respgate::proxy
