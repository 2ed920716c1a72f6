// respgate.yaml as plain data: parsed strictly, whole or not at all.  Holds no
// policy of its own: users.acl is loaded by load_policy() (proxy/snapshot/policy_loader.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "acl/command_rules.h"
#include "acl/policy.h"
#include "proxy/aws/iam_token.h"
#include "proxy/common/file_stamp.h"
#include "proxy/common/ip_network.h"
#include "proxy/config/address.h"
#include "proxy/config/config_error.h"
#include "proxy/config/places.h"
#include "proxy/config/tls_config.h"

namespace respgate::proxy {

using Milliseconds = std::chrono::milliseconds;

struct ListenerConfig {
  std::string name;
  Address address;
  std::uint32_t unix_mode = 0600;
  std::string login_as;    // empty: clients log in
  std::string user_group;  // empty: everyone
  std::size_t max_connections = 10000;
  bool unsafe_plaintext = false;
  NetworkRules network;                  // TCP only
  std::optional<ListenerTlsConfig> tls;  // absent: plain text
};

// How a shared lane is watched for replies that no longer match their requests; see proxy/lane/sentinel.h.
struct SentinelConfig {
  enum class Mode : std::uint8_t { kOff, kOn, kStrict };
  Mode mode = Mode::kOn;
  std::size_t every = 1000;  // requests
  Milliseconds interval{100};
  bool operator==(const SentinelConfig&) const = default;
};

// What a lane logs in to the node as.
struct UpstreamCredentials {
  struct Iam {
    IamCache cache;
    Milliseconds reauthenticate{std::chrono::hours(11)};  // the node ends what has not logged in for 12 hours
    bool operator==(const Iam&) const = default;
  };
  std::string user;           // empty: no login (or the default user's password alone)
  std::string password_file;  // empty: none
  std::optional<Iam> iam;     // instead of a password
  bool operator==(const UpstreamCredentials&) const = default;
};

// One user's commands travel on lanes of their own.
struct OwnCredentials {
  std::string principal;  // of users.acl
  UpstreamCredentials credentials;
  bool operator==(const OwnCredentials&) const = default;
};

struct UpstreamConfig {
  std::vector<Address> nodes;            // standalone: exactly one
  std::optional<UpstreamTlsConfig> tls;  // absent: plain text
  UpstreamCredentials credentials;
  std::vector<OwnCredentials> per_user;
  std::size_t lanes_per_worker = 1;
  Milliseconds connect_timeout{2000};
  Milliseconds response_timeout{0};  // 0: none
  Milliseconds dead_peer{10000};
  Milliseconds queue_timeout{1000};
  std::size_t lane_window = 8192;
  std::size_t max_lanes = 256;
  std::size_t max_pinned_lanes = 4096;
  Milliseconds lane_idle{60000};
  std::vector<acl::RenameText> command_names;  // what to say upstream instead ("": it has none); `from` in lower case
  SentinelConfig sentinel;
  bool operator==(const UpstreamConfig&) const = default;
};

// How many wrong passwords are too many, and what then; see proxy/session/failed_logins.h.
struct AuthFailureLimits {
  // Sources that stand for many clients: slowed down, never locked out.
  struct Shared {
    std::vector<IpNetwork> networks;
    bool has_unix_sockets = false;
    std::vector<std::string> texts;  // as written
  };
  static Shared loopback();
  std::size_t max = 10;  // within `per`, of one source with one name; 0: nobody is locked out or slowed down
  Milliseconds per{60'000};
  Milliseconds lockout{300'000};
  Shared shared = loopback();
};

struct ClientLimits {
  std::size_t max_bulk_bytes = 512u << 20;
  std::size_t max_arguments = 1024 * 1024;
  std::size_t unauthenticated_max_arguments = 10;
  std::size_t unauthenticated_max_bulk_bytes = 16 * 1024;
  Milliseconds unauthenticated_timeout{10000};
  std::size_t client_output_buffer = 64u << 20;
  std::size_t memory_bytes = 0;  // resolved from "50%" of machine or cgroup
  Milliseconds lane_stall{250};
  std::size_t client_window = 1024;
  Milliseconds idle_timeout{0};  // 0: none
  AuthFailureLimits auth_failures;
};

// A user whose passwords are ElastiCache IAM tokens.
struct IamUserConfig {
  std::string principal;
  std::string access_keys_file;
  IamCache cache;
};

struct CommandsConfig {
  std::vector<acl::RenameText> rename;
  std::vector<acl::CommandRuleText> rules;
};

struct AuditConfig {
  std::string file;  // empty: no audit; "stdout"
  bool auth = true, denied = true, admin = true, reload = true, observed = true, allowed = false;
  enum class Keys : std::uint8_t { kNone, kHash, kPlain } keys = Keys::kHash;
  enum class Overflow : std::uint8_t { kDrop, kDeny } on_overflow = Overflow::kDrop;
  std::string key_file;  // empty: lines are not chained
  struct Rotate {
    std::size_t size = 100u << 20;  // of a file that is not written to any more; 0: respgate does not rotate
    std::size_t keep = 10;          // rotated files
  } rotate;
};

// CloudWatch Embedded Metric Format (metrics/emf.h).
struct EmfConfig {
  std::string file;  // "stdout"
  std::string name_space = "Respgate";
  Milliseconds interval{60000};
};

struct AdminConfig {
  std::optional<Address> address;
  std::string token_file;  // empty: none
  std::optional<Address> health_address;
  std::vector<std::string> hosts;
};

struct Config {
  std::filesystem::path file;
  FileStamp stamp;                    // of the file, just before it was read
  std::size_t workers = 0;            // resolved; at least 1
  bool workers_are_automatic = true;  // as many as the machine had cores to give when this was read
  std::vector<ListenerConfig> listeners;
  UpstreamConfig upstream;
  std::string users_file;
  std::vector<acl::CommandRules::Group> groups;
  std::vector<IamUserConfig> iam_users;
  CommandsConfig commands;
  acl::PolicyOptions policy;  // texts, keyspace, scripts, observe
  ClientLimits limits;
  AuditConfig audit;
  std::optional<EmfConfig> emf;
  AdminConfig admin;
  Milliseconds shutdown_grace{30000};
  std::string takeover_socket;  // where `run --takeover` finds this process; empty: nowhere
  Places places;                // of what was written, for complaints that come later
};

using ConfigResult = boost::system::result<Config, ConfigErrors>;

// Reads and checks everything but the files it refers to.  All errors, in file order.
ConfigResult load_config(const std::filesystem::path& file);
// The same from text already in memory; `file` is for messages and relative paths.
ConfigResult parse_config(std::string_view yaml, const std::filesystem::path& file);

// What could be read, and everything that is wrong.  For `check`, which goes on to look at the files a
// faulty configuration refers to; everybody else wants all or nothing.
struct ConfigDraft {
  Config config;
  std::vector<ConfigError> errors;  // in file order
};
ConfigDraft draft_config(std::string_view yaml, const std::filesystem::path& file);
ConfigDraft draft_config_file(const std::filesystem::path& file);

// nullptr: there is none of that name.
const ListenerConfig* find_listener(const Config& config, std::string_view name);

// The effective configuration as JSON, secrets' contents never included (admin GET /config).
std::string describe_config(const Config& config);

}  // namespace respgate::proxy
