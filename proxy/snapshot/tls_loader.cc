#include "proxy/snapshot/tls_loader.h"

#include <ctime>
#include <map>
#include <utility>

#include "proxy/common/trusted_file.h"
#include "proxy/snapshot/policy_loader.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kMaxBundleBytes = 4u << 20;  // the system's whole bundle is a quarter of a MiB

// Reads files, remembering which key named each, so that what is found out later can be said there.
class Reader {
 public:
  explicit Reader(const Config& config) : config_(config) {}

  tls::Pem read(const std::string& key, const std::string& file) { return {file, text_of(key, file, kMaxBundleBytes)}; }
  tls::SecretPem read_secret(const std::string& key, const std::string& file) { return {file, text_of(key, file, kMaxSecretBytes)}; }

  tls::CertificateOptions read(const std::string& section, const CertificateConfig& certificate) {
    tls::CertificateOptions options;
    options.certificate = read(section + ".cert_file", certificate.cert_file);
    options.key = read_secret(section + ".key_file", certificate.key_file);
    if (!certificate.passphrase_file.empty()) options.passphrase = read_secret(section + ".passphrase_file", certificate.passphrase_file);
    return options;
  }

  // A file that could not be read is not also said to hold nothing.
  bool is_complete() const { return errors_.empty(); }
  void complain(const std::vector<tls::Problem>& problems, const std::string& section) {
    for (const tls::Problem& problem : problems) {
      const auto key = keys_.find(problem.file);
      complain(key != keys_.end() ? key->second : section, problem.file, problem.what);
    }
  }
  std::vector<ConfigError> take() { return std::move(errors_); }

 private:
  std::string text_of(const std::string& key, const std::string& file, std::size_t max_bytes) {
    keys_[file] = key;
    FileResult found = read_trusted_file(file, max_bytes);
    if (found) return std::move(found->text);
    complain(key, file, found.error().what);
    return "";
  }
  void complain(const std::string& key, const std::string& file, const std::string& what) {
    for (const ConfigError& error : file_error(config_, key, file, what).errors) errors_.push_back(error);
  }

  const Config& config_;
  std::map<std::string, std::string> keys_;
  std::vector<ConfigError> errors_;
};

tls::ServerOptions server_options(const ListenerTlsConfig& config, const std::string& section, Reader& reader) {
  tls::ServerOptions options;
  for (std::size_t i = 0; i < config.certificates.size(); ++i) {
    const std::string place = i == 0 ? section : section + ".certificates[" + std::to_string(i - 1) + "]";
    options.certificates.push_back(reader.read(place, config.certificates[i]));
  }
  options.min_version = config.min_version;
  options.client_auth = config.client_auth;
  if (!config.client_ca_file.empty()) options.client_ca = reader.read(section + ".client_ca_file", config.client_ca_file);
  if (!config.crl_file.empty()) options.revocations = reader.read(section + ".crl_file", config.crl_file);
  return options;
}

tls::ClientOptions client_options(const UpstreamTlsConfig& config, Reader& reader) {
  tls::ClientOptions options;
  options.verify = config.verify;
  options.server_name = config.server_name;
  options.system_ca = config.ca_file.empty();
  if (!options.system_ca) options.ca = reader.read("upstream.tls.ca_file", config.ca_file);
  if (config.certificate) options.certificate.push_back(reader.read("upstream.tls", *config.certificate));
  return options;
}

void append(std::vector<ConfigError>& errors, std::vector<ConfigError> more) {
  errors.insert(errors.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

tls::ServerContextPtr load_listener(const Config& config, std::size_t index, std::int64_t now, std::vector<ConfigError>& errors) {
  if (!config.listeners[index].tls) return nullptr;
  const std::string section = "listeners[" + std::to_string(index) + "].tls";
  Reader reader(config);
  const tls::ServerOptions options = server_options(*config.listeners[index].tls, section, reader);
  tls::ServerContextPtr context;
  if (reader.is_complete()) {
    if (const tls::ServerContextResult made = make_server_context(options, now))
      context = *made;
    else
      reader.complain(made.error(), section);
  }
  append(errors, reader.take());
  return context;
}

tls::ClientContextPtr load_upstream(const Config& config, std::int64_t now, std::vector<ConfigError>& errors) {
  if (!config.upstream.tls) return nullptr;
  Reader reader(config);
  tls::ClientOptions options = client_options(*config.upstream.tls, reader);
  tls::ClientContextPtr context;
  if (reader.is_complete()) {
    if (const tls::ClientContextResult made = make_client_context(std::move(options), now))
      context = *made;
    else
      reader.complain(made.error(), "upstream.tls");
  }
  append(errors, reader.take());
  return context;
}

void add_files(const CertificateConfig& certificate, std::vector<std::string>& files) {
  for (const std::string* file : {&certificate.cert_file, &certificate.key_file, &certificate.passphrase_file}) files.push_back(*file);
}

}  // namespace

boost::system::result<TlsContexts, ConfigErrors> load_tls(const Config& config) {
  const std::int64_t now = std::time(nullptr);
  TlsContexts contexts;
  std::vector<ConfigError> errors;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) contexts.listeners.push_back(load_listener(config, i, now, errors));
  contexts.upstream = load_upstream(config, now, errors);
  if (!errors.empty()) return ConfigErrors{std::move(errors)};
  return contexts;
}

std::vector<std::string> tls_files(const Config& config) {
  std::vector<std::string> files;
  for (const ListenerConfig& listener : config.listeners) {
    if (!listener.tls) continue;
    for (const CertificateConfig& certificate : listener.tls->certificates) add_files(certificate, files);
    files.push_back(listener.tls->client_ca_file);
    files.push_back(listener.tls->crl_file);
  }
  if (config.upstream.tls) {
    files.push_back(config.upstream.tls->ca_file);
    if (config.upstream.tls->certificate) add_files(*config.upstream.tls->certificate, files);
  }
  std::erase(files, "");
  return files;
}

}  // namespace respgate::proxy
