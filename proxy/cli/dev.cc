// respgate dev: the proxy in front of a private server, with a sample policy or yours.
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/cli/cli.h"
#include "proxy/cli/dev_server.h"
#include "proxy/common/log_text.h"
#include "proxy/reception/listening_socket.h"
#include "proxy/snapshot/policy_loader.h"
#include "tls/throwaway.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kAuthorityFile = "ca.crt";
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

// A configuration; of the sample, the passwords are known.
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

// In place of the certificates of production, whose keys are not here.
CertificateConfig make_certificate(const DevDirectory& directory) {
  const tls::ThrowawayCertificate made = tls::make_throwaway_certificate();
  directory.write(kAuthorityFile, made.authority);
  return {directory.write("dev.crt", made.certificate), directory.write("dev.key", made.key), ""};
}

void add_tls_listener(Config& config, std::uint16_t port) {
  ListenerConfig listener = config.listeners.front();
  listener.name = "dev-tls";
  listener.address = *parse_address("127.0.0.1:" + std::to_string(port), "/");
  listener.tls = ListenerTlsConfig{};
  config.listeners.push_back(std::move(listener));
}

void use_made_certificates(Config& config, const DevDirectory& directory) {
  std::optional<CertificateConfig> made;
  for (ListenerConfig& listener : config.listeners) {
    if (!listener.tls) continue;
    if (!made) made = make_certificate(directory);
    listener.tls->certificates = {*made};
  }
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
  config.policy.own_identity.clear();  // the private server knows none of them
  config.upstream.nodes = {*parse_address("unix:" + server.socket_path(), "/")};
  config.file.clear();  // a reload reads users.acl again, but not what was replaced here
  return true;
}

bool is_free(const ListenerConfig& listener, std::string_view option) {
  try {
    open_listener(listener, 1);
    return true;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "respgate dev: %s; %s N takes another port\n", error.what(), std::string(option).c_str());
    return false;
  }
}

std::string redis_cli(const ListenerConfig& listener, std::uint16_t port, const DevDirectory& directory) {
  const Address& address = listener.address;
  const std::string tls = listener.tls ? " --tls --cacert " + directory.file(kAuthorityFile) : "";
  if (address.kind == Address::Kind::kUnix) return "redis-cli -s " + address.path;
  const bool is_default_host = address.host == "127.0.0.1" || address.host == "localhost" || address.host == "0.0.0.0";
  return "redis-cli " + (is_default_host ? "" : "-h " + address.host + " ") + "-p " + std::to_string(port) + tls;
}

void print_sample_logins(const std::string& command) {
  std::printf("  %s --user app --pass app-secret       keys app:*, nothing dangerous\n", command.c_str());
  std::printf("  %s --user admin --pass admin-secret   everything\n", command.c_str());
}

// Those that this listener admits.
void print_logins(const ListenerConfig& listener, const acl::Policy& policy, const std::string& command) {
  if (!listener.login_as.empty())
    std::printf("  %s   is user \"%s\" from the start\n", command.c_str(), log_text(listener.login_as).c_str());
  for (const acl::Principal& user : policy.principals()) {
    const bool is_admitted = listener.user_group.empty() || policy.is_member(listener.user_group, user.name());
    if (!user.is_enabled() || !is_admitted) continue;
    std::printf("  %s --user \"%s\" %s\n", command.c_str(), log_text(user.name()).c_str(),
                user.accepts_any_password() ? "--pass any" : "--askpass");
  }
}

void print_welcome(const Setting& setting, const acl::Policy& policy, const DevServer& server, const std::vector<std::uint16_t>& ports) {
  std::printf("respgate dev: in front of a private %s, whose data go when this ends (Ctrl-C)\n\n", server.program().c_str());
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const ListenerConfig& listener = setting.config.listeners[i];
    const std::string command = redis_cli(listener, ports[i], server.directory());
    setting.is_sample ? print_sample_logins(command) : print_logins(listener, policy, command);
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
  if (!adapt(setting->config, server, options.port) || !is_free(setting->config.listeners.front(), "--port")) return kExitConfig;
  if (options.tls_port) add_tls_listener(setting->config, *options.tls_port);
  if (options.tls_port && !is_free(setting->config.listeners.back(), "--tls-port")) return kExitConfig;
  use_made_certificates(setting->config, server.directory());
  return run_proxy(setting->config, options.log, [&](const auto& ports) { print_welcome(*setting, **policy, server, ports); });
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
