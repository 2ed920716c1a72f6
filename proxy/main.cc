// The command line of respgate.  Says which subcommands there are and what each is
// told; what they do is in proxy/cli/.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "proxy/cli/admin.h"
#include "proxy/cli/cli.h"
#include "proxy/common/log_text.h"
#include "tls/record_memory.h"

namespace {

using namespace respgate::proxy;

// What the chosen subcommand will run, once the whole command line is understood.
using Chosen = std::function<int()>;

void add_config(CLI::App& command, std::string& file) {
  command.add_option("-c,--config", file, "the configuration, a YAML file")->envname("RESPGATE_CONFIG")->type_name("FILE");
}

void add_required_config(CLI::App& command, std::string& file) {
  add_config(command, file);
  command.get_option("--config")->required();
}

void add_log_options(CLI::App& command, LogOptions& log) {
  command.add_option("--log-level", log.level, "what to log to stderr")
      ->envname("RESPGATE_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  command.add_option("--log-format", log.format, "how to log")
      ->envname("RESPGATE_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

void add_run(CLI::App& app, RunOptions& options, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("run", "Serve, in the foreground, until SIGTERM or SIGINT");
  add_required_config(*command, options.config_file);
  add_log_options(*command, options.log);
  command->add_flag(
      "--takeover", options.takes_over,
      "take the listening sockets of the process that runs with this configuration (shutdown.takeover_socket), which then drains");
  command->add_flag("--core-dumps", options.core_dumps, "let a crash leave a core, with the keys and passwords that were in memory");
  command->callback([&] { chosen = [&] { return run_proxy(options); }; });
}

void add_check(CLI::App& app, CheckOptions& options, Chosen& chosen) {
  CLI::App* command =
      app.add_subcommand("check", "Load everything `run` would load, without listening; list every error, or tell how it stands (SEC 1-7)");
  add_required_config(*command, options.config_file);
  command->add_flag("--strict", options.strict, "exit 1 as well when a finding is warn or FAIL");
  command->callback([&] { chosen = [&] { return run_check(options); }; });
}

void add_explain(CLI::App& app, ExplainOptions& options, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("explain", "Say what would happen to one command, and which rule decides it");
  command->footer(
      "The command follows --, as in: respgate explain -c FILE --user NAME -- GET key\n"
      "Exit code: 0 allowed, 2 denied, 1 error.");
  add_required_config(*command, options.config_file);
  command->add_option("--user", options.user, "who sends the command")->envname("RESPGATE_USER")->required();
  command->add_option("--listener", options.listener, "the listener it comes in at, by name; the first if not given")
      ->envname("RESPGATE_LISTENER");
  command->callback([&options, &chosen] {
    if (options.command.empty()) throw CLI::ValidationError("explain", "write the command behind --, such as: -- GET key");
    chosen = [&options] { return run_explain(options); };
  });
}

void add_import(CLI::App& app, ImportOptions& options, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("import", "Turn the users of ElastiCache, or of a live server, into users.acl on stdout");
  command->footer(
      "As in: respgate import elasticache --users users.json --groups groups.json --group app-group > users.acl\n"
      "or:    respgate import --from-server cache.example:6379 --tls --user admin --password-file FILE > users.acl\n"
      "What is changed on the way, or cannot be known, is told on stderr.");
  command->add_option("SOURCE", options.source, "elasticache: files that the aws program printed")->check(CLI::IsMember({"elasticache"}));
  const auto add = [&](const char* name, std::string& value, const char* what, const char* type, const char* environment) {
    command->add_option(name, value, what)->envname(environment)->type_name(type);
  };
  add("--users", options.users_file, "what `aws elasticache describe-users` printed", "FILE", "RESPGATE_IMPORT_USERS");
  add("--groups", options.groups_file, "what `aws elasticache describe-user-groups` printed", "FILE", "RESPGATE_IMPORT_GROUPS");
  add("--group", options.group, "only members of this user group", "ID", "RESPGATE_IMPORT_GROUP");
  add("--from-server", options.from_server, "ask this server for ACL LIST instead", "HOST:PORT", "RESPGATE_IMPORT_FROM_SERVER");
  add("--ca-file", options.ca_file, "with --tls: whom to trust in the place of the system's authorities", "FILE",
      "RESPGATE_IMPORT_CA_FILE");
  add("--server-name", options.server_name, "with --tls: the name in its certificate, if it is not HOST", "NAME",
      "RESPGATE_IMPORT_SERVER_NAME");
  add("--user", options.user, "log in as this user; the default user if not given", "NAME", "RESPGATE_IMPORT_USER");
  add("--password-file", options.password_file, "log in with the password in the first line of this file", "FILE",
      "RESPGATE_IMPORT_PASSWORD_FILE");
  command->add_flag("--tls", options.tls, "speak TLS to the server, and verify it");
  command->add_flag("--unsafe-plaintext", options.unsafe_plaintext, "without --tls, go to another machine nevertheless");
  command->callback([&] { chosen = [&] { return run_import(options); }; });
}

void add_dev(CLI::App& app, DevOptions& options, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("dev", "Start a private server with the proxy in front of it, for trying things out");
  add_config(*command, options.config_file);
  // Not RESPGATE_PORT: for a service called respgate, Kubernetes sets that to a URL.
  command->add_option("--port", options.port, "the port the first listener takes")
      ->envname("RESPGATE_DEV_PORT")
      ->check(CLI::Range(0, 65535))
      ->type_name("N");
  command->add_option("--tls-port", options.tls_port, "a port for TLS as well, with a certificate made on the spot")
      ->envname("RESPGATE_DEV_TLS_PORT")
      ->check(CLI::Range(0, 65535))
      ->type_name("N");
  add_log_options(*command, options.log);
  command->callback([&] { chosen = [&] { return run_dev(options); }; });
}

void add_hash_password(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("hash-password", "Read a password from the terminal or stdin, print its #hash for users.acl");
  command->callback([&] { chosen = [] { return run_hash_password(); }; });
}

void add_version(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("version", "Print the version, and those of OpenSSL and Boost");
  command->callback([&] { chosen = [] { return run_version(); }; });
}

void add_audit(CLI::App& app, AuditVerifyOptions& options, Chosen& chosen) {
  CLI::App* audit = app.add_subcommand("audit", "Look after audit files");
  audit->require_subcommand(1);
  CLI::App* command = audit->add_subcommand("verify", "Check the chain of an audit file, and say where it was cut or changed");
  command->footer(
      "One FILE is checked together with FILE.1, FILE.2 ..., which it was rotated to; several are taken as they are, oldest first.\n"
      "What is cut off at the end shows only against --head, which /audit and respgate_audit_chain_position of the admin port tell.\n"
      "Exit code: 0 whole, 1 cut or changed, 2 cannot be said.");
  command->add_option("FILE", options.files, "the audit file; audit.file of the configuration if not given");
  command->add_option("--key-file", options.key_file, "the file with the key; audit.key_file of the configuration if not given")
      ->envname("RESPGATE_KEY_FILE")
      ->type_name("FILE");
  add_config(*command, options.config_file);
  command->add_option("--head", options.head, "the last line there must be, SEQ:CHAIN; its SEQ alone shows less")
      ->envname("RESPGATE_HEAD")
      ->type_name("SEQ[:CHAIN]");
  command->callback([&] { chosen = [&] { return run_audit_verify(options); }; });
}

void add_suggest(CLI::App& app, SuggestOptions& options, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("suggest", "Print the least lines of users.acl that would have allowed what was recorded");
  command->footer(
      "Record with audit.events: [allowed, observed] and audit.keys: plain.  Each line needs the user's password put back.\n"
      "Names are split behind : / . | - and _; where more than 3 names end, or more than 16 go on, behind the same beginning,\n"
      "the beginning and * stand for them, and every other name for itself.  What cannot be said in a line is told on stderr.");
  command->add_option("--audit", options.files, "audit files, or - for stdin")->envname("RESPGATE_AUDIT")->type_name("FILE")->required();
  command->add_option("--user", options.user, "of this user only")->envname("RESPGATE_USER");
  command->add_flag("--denied", options.counts_denied, "count what was denied too, instead of telling it apart");
  command->callback([&] { chosen = [&] { return run_suggest(options); }; });
}

// Said before CLI11 would say that a subcommand is required; of `admin` and `audit` too.
void refuse_unknown_subcommand(const CLI::App& app, std::span<const std::string> words) {
  const std::vector<const CLI::App*> known = app.get_subcommands({});
  if (known.empty() || words.empty() || words.front().starts_with('-')) return;
  std::string names;
  for (const CLI::App* subcommand : known) {
    if (subcommand->get_name() == words.front()) return refuse_unknown_subcommand(*subcommand, words.subspan(1));
    names += (names.empty() ? "" : ", ") + subcommand->get_name();
  }
  const std::string of = app.get_parent() == nullptr ? "" : " of " + app.get_name();
  throw CLI::ValidationError("'" + words.front() + "' is no subcommand" + of, "write one of " + names);
}

// The subcommand that was written, of `admin` and `audit` the inner one; all that was understood so far.
const CLI::App& written_command(const CLI::App& app) {
  const std::vector<CLI::App*> written = app.get_subcommands();
  return written.empty() ? app : written_command(*written.front());
}

std::string name_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  if (parent == nullptr || parent->get_parent() == nullptr) return command.get_name();
  return name_of(*parent) + " " + command.get_name();
}

// What to write in the place of a word that no option takes.
std::string stray_word_text(const CLI::App& command, const std::string& word) {
  // Not repeated: it is a password.
  if (command.get_name() == "hash-password")
    return "hash-password takes no words, which others on this machine could read: type the password, or pipe it in";
  std::string text = "'" + word + "' is no option";
  if (command.get_name() == "explain") return text + "; the command goes behind --, as in: -- GET key";
  text += " of " + name_of(command);
  if (word.starts_with('-')) return text;
  for (const char* name : {"--config", "--audit"}) {
    const CLI::Option* option = command.get_option_no_throw(name);
    if (option != nullptr && option->count() == 0) return text.append(": write ").append(option->get_name()).append(" ").append(word);
  }
  return text;
}

// CLI11 tells of what is missing first, and a name of a file without -c in front is rather what is wrong.
std::string usage_text(const CLI::App* app, const CLI::Error& error) {
  const CLI::App& command = written_command(*app);
  const std::vector<std::string> stray = command.remaining();
  std::string text = stray.empty() ? error.what() : stray_word_text(command, stray.front());
  if (text == "--config is required") text += ": write -c FILE, or RESPGATE_CONFIG=FILE in the environment";
  return one_line(text) + "\nRun with --help for more information.\n";
}

// Words behind `--` are a command for `explain`: taken off before anything can read them as flags or lists.
std::vector<std::string> take_command_words(std::vector<std::string>& words) {
  const auto marker = std::find(words.begin(), words.end(), "--");
  if (marker == words.end()) return {};
  std::vector<std::string> command(marker + 1, words.end());
  words.erase(marker, words.end());
  return command;
}

int run(std::vector<std::string> words) {
  CLI::App app("An ACL-enforcing security proxy for the Redis and Valkey protocol.", "respgate");
  RunOptions run_options;
  CheckOptions check_options;
  ExplainOptions explain_options;
  ImportOptions import_options;
  DevOptions dev_options;
  AdminOptions admin_options;
  AuditVerifyOptions audit_options;
  SuggestOptions suggest_options;
  Chosen chosen;
  app.set_version_flag("--version", RESPGATE_VERSION);
  app.require_subcommand(1);
  app.failure_message(usage_text);
  add_run(app, run_options, chosen);
  add_check(app, check_options, chosen);
  add_explain(app, explain_options, chosen);
  add_import(app, import_options, chosen);
  add_dev(app, dev_options, chosen);
  add_audit(app, audit_options, chosen);
  add_suggest(app, suggest_options, chosen);
  add_hash_password(app, chosen);
  add_admin(app, admin_options, chosen);
  add_version(app, chosen);
  explain_options.command = take_command_words(words);
  try {
    refuse_unknown_subcommand(app, words);
    std::reverse(words.begin(), words.end());  // how CLI11 takes a vector
    app.parse(words);
    if (!explain_options.command.empty() && !app.got_subcommand("explain")) throw CLI::ExtrasError({"--"});
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  respgate::tls::use_record_memory();  // before anything can need OpenSSL
  try {
    return run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "respgate: internal error: %s\n", one_line(error.what()).c_str());
    return kExitInternal;
  }
}
