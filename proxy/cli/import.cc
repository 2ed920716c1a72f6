#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/cli/cli.h"
#include "proxy/cli/import_elasticache.h"
#include "proxy/cli/import_server.h"
#include "proxy/common/clock.h"
#include "proxy/common/log_text.h"
#include "proxy/common/trusted_file.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kMaxJsonBytes = 64u << 20;
constexpr std::size_t kMaxAuthorityBytes = 4u << 20;

void say(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::fprintf(stderr, "respgate: %s\n", line.c_str());
}

int refuse(const std::string& line) {
  say({line});
  return kExitUsage;
}

// What was printed for this purpose: it is whoever runs this who vouches for it, so a pipe will do.
boost::system::result<JsonFile, ImportProblem> read_json(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  JsonFile file{name, std::string(kMaxJsonBytes + 1, '\0')};
  in.read(file.text.data(), static_cast<std::streamsize>(file.text.size()));
  const auto bytes = static_cast<std::size_t>(in.gcount());
  const std::string path = log_text(name, name.size());
  if (bytes > kMaxJsonBytes) return ImportProblem{{path + ": is larger than 64MiB: this is not the file that was meant"}};
  if (!in.is_open() || in.bad() || (bytes == 0 && !in.eof()))
    return ImportProblem{{path + ": cannot be read: write the name of a file that is there"}};
  file.text.resize(bytes);
  return file;
}

ImportResult import_from_files(const ImportOptions& options) {
  auto users = read_json(options.users_file);
  if (!users) return users.error();
  ElastiCacheSource source{std::move(*users), std::nullopt, options.group};
  if (!options.groups_file.empty()) {
    auto groups = read_json(options.groups_file);
    if (!groups) return groups.error();
    source.groups = std::move(*groups);
  }
  return import_elasticache(source);
}

// Files that decide whom to trust, and as whom to log in, are read as those of the configuration are.
boost::system::result<std::string, ImportProblem> read_secret(const std::string& name, std::size_t max_bytes) {
  FileResult file = read_trusted_file(name, max_bytes);
  if (!file) return ImportProblem{{log_text(name, name.size()) + " " + file.error().what}};
  return std::move(file->text);
}

boost::system::result<tls::ClientContextPtr, ImportProblem> make_tls(const ImportOptions& options) {
  tls::ClientOptions wanted;
  wanted.server_name = options.server_name;
  wanted.system_ca = options.ca_file.empty();
  if (!wanted.system_ca) {
    auto text = read_secret(options.ca_file, kMaxAuthorityBytes);
    if (!text) return text.error();
    wanted.ca = {options.ca_file, std::move(*text)};
  }
  auto context = tls::make_client_context(std::move(wanted), unix_s());
  if (context) return *context;
  ImportProblem problem;
  for (const tls::Problem& each : context.error()) problem.what.push_back(log_text(each.file, each.file.size()) + " " + each.what);
  return problem;
}

boost::system::result<std::string, ImportProblem> read_password(const std::string& name) {
  auto text = read_secret(name, kMaxSecretBytes);
  if (!text) return text.error();
  std::string password = text->substr(0, text->find('\n'));
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) return ImportProblem{{log_text(name, name.size()) + " holds no password: write it into the first line"}};
  return password;
}

ImportResult import_from_server(const ImportOptions& options, const Address& address) {
  ServerSource source{address, nullptr, options.user, ""};
  if (options.tls) {
    auto context = make_tls(options);
    if (!context) return context.error();
    source.tls = std::move(*context);
  }
  if (!options.password_file.empty()) {
    auto password = read_password(options.password_file);
    if (!password) return password.error();
    source.password = std::move(*password);
  }
  const auto list = fetch_acl_list(source);
  if (!list) return list.error();
  return import_acl_list(list->lines);
}

// Empty: the options belong together.
std::string wrong_use(const ImportOptions& options) {
  if (options.from_server.empty()) {
    if (options.source.empty()) return "write `import elasticache --users FILE`, or `import --from-server HOST:PORT`";
    if (options.users_file.empty()) return "write --users FILE, with what `aws elasticache describe-users` printed";
    return "";
  }
  if (!options.users_file.empty() || !options.groups_file.empty() || !options.group.empty())
    return "--from-server asks the server: leave out --users, --groups and --group";
  if (!options.user.empty() && options.password_file.empty()) return "--user needs --password-file FILE";
  if (!options.tls && (!options.ca_file.empty() || !options.server_name.empty())) return "--ca-file and --server-name go with --tls";
  return "";
}

std::string wrong_address(const ImportOptions& options, const Address& address) {
  if (address.kind == Address::Kind::kUnix && options.tls) return "--tls is for TCP: leave it out for a unix socket";
  if (options.tls || options.unsafe_plaintext || address.is_loopback()) return "";
  return "passwords and hashes could be read on the way to " + log_text(address.text) +
         ": write --tls, or --unsafe-plaintext if the network is trusted";
}

}  // namespace

int run_import(const ImportOptions& options) {
  if (const std::string why = wrong_use(options); !why.empty()) return refuse(why);
  std::optional<Address> address;
  if (!options.from_server.empty()) {
    auto parsed = parse_address(options.from_server, ".");
    if (!parsed) return refuse("--from-server: " + parsed.error());
    if (const std::string why = wrong_address(options, *parsed); !why.empty()) return refuse(why);
    address = std::move(*parsed);
  }
  const ImportResult import = address ? import_from_server(options, *address) : import_from_files(options);
  if (!import) {
    say(import.error().what);
    return kExitConfig;
  }
  say(import->notes);
  std::fputs(import->users_acl.c_str(), stdout);
  return std::fflush(stdout) == 0 ? kExitOk : kExitConfig;
}

}  // namespace respgate::proxy
