// The command line of `respgate admin`.
#include <utility>

#include <CLI/CLI.hpp>

#include "proxy/cli/admin.h"
#include "proxy/common/units.h"

namespace respgate::proxy {
namespace {

std::string duration_problem(const std::string& text) {
  return parse_duration(text) ? "" : "'" + text + "' is no duration: write " + std::string(kDurationSpelling);
}

// Collects the subcommands of one `admin`.
struct Words {
  CLI::App& admin;
  AdminOptions& options;
  std::function<int()>& chosen;

  CLI::App& add(const std::string& name, const std::string& help, const char* method, const char* path) {
    CLI::App* command = admin.add_subcommand(name, help);
    command->add_option("-c,--config", options.config_file, "the configuration of the running respgate: its admin port is asked")
        ->envname("RESPGATE_CONFIG")
        ->type_name("FILE");
    command->add_option("--address", options.address, "ask this instead: HOST:PORT or unix:PATH")
        ->envname("RESPGATE_ADMIN_ADDRESS")
        ->type_name("ADDRESS");
    command->add_option("--token-file", options.token_file, "the token, where the configuration does not name it")
        ->envname("RESPGATE_ADMIN_TOKEN_FILE")
        ->type_name("FILE");
    command->add_option("--timeout", options.timeout, "how long to wait for an answer")
        ->envname("RESPGATE_ADMIN_TIMEOUT")
        ->check(duration_problem)
        ->type_name("DURATION")
        ->capture_default_str();
    command->callback([this_options = &options, this_chosen = &chosen, method, path] {
      this_options->method = method;
      this_options->path = path;
      *this_chosen = [this_options] { return run_admin(*this_options); };
    });
    return *command;
  }
  CLI::App& add_look(const std::string& name, const std::string& help, const char* path) { return add(name, help, "GET", path); }
  CLI::App& add_act(const std::string& name, const std::string& help, const char* path) { return add(name, help, "POST", path); }

  // An option whose value becomes a parameter of the request.
  static CLI::Option* add_parameter(CLI::App& command, AdminOptions& options, const std::string& flags, const std::string& name,
                                    const std::string& help) {
    CLI::callback_t take = [&options, name](const CLI::results_t& given) {
      options.parameters.emplace_back(name, given.front());
      return true;
    };
    return command.add_option(flags, std::move(take), help);
  }
};

void add_looks(Words& words) {
  words.add_look("ready", "Can clients be served? If not, say why", "/readyz");
  words.add_look("live", "Does the process run?", "/livez");
  words.add_look("metrics", "Print the metrics, as Prometheus reads them", "/metrics");
  words.add_look("summary", "Print whether clients can be served, the totals, and the failures by user", "/summary");
  words.add_look("posture", "Print what `check` says of the configuration in force", "/posture");
  words.add_look("users", "Print the users, what they may do, and how many clients each has", "/users");
  words.add_look("clients", "Print who is connected", "/clients");
  words.add_look("config", "Print the configuration in force, without secrets", "/config");
  words.add_look("certs", "Print the certificates, and how many days they have left", "/certs");
  words.add_look("audit", "Print whether the audit takes lines, and its last one, for `audit verify --head`", "/audit");
  CLI::App& events = words.add_look("events", "Print the newest failed logins and refused commands", "/events");
  Words::add_parameter(events, words.options, "-n", "n", "how many, at most 1000")->check(CLI::Range(0, 1000))->type_name("N");
}

void add_acts(Words& words) {
  AdminOptions& options = words.options;
  words.add_act("reload", "Load the configuration and all its files anew; say what is wrong if that fails", "/reload");

  CLI::App& drain = words.add_act("drain", "Have it accept no more, finish what is in flight, and end", "/drain");
  drain.add_option("--delay", options.delay, "wait first: whoever sends clients here has to learn that it ends")
      ->check(duration_problem)
      ->type_name("DURATION")
      ->capture_default_str();
  drain.add_flag("--wait", options.waits,
                 "return when the process has ended its clients; after shutdown.grace and 5s, say that it has not");

  CLI::App& kill = words.add_act("kill", "Disconnect one client, or all clients of a user", "/kill");
  CLI::Option* user = Words::add_parameter(kill, options, "--user", "user", "whose clients")->type_name("NAME");
  CLI::Option* id = Words::add_parameter(kill, options, "--id", "id", "which client, by its CLIENT ID")->type_name("N");
  user->excludes(id);

  CLI::App& unlock = words.add_act("unlock", "Forget failed logins: who was locked out may try again at once", "/unlock");
  Words::add_parameter(unlock, options, "--user", "user", "the name that was tried")->type_name("NAME");
  Words::add_parameter(unlock, options, "--source", "source", "the address that tried")->type_name("ADDRESS");

  CLI::App& level = words.add_act("log-level", "Log more or less from now on", "/log-level");
  Words::add_parameter(level, options, "level", "level", "what to log to stderr")
      ->required()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->type_name("TEXT");
}

// What CLI11 cannot say: one of two is needed.
void refuse_nobody(const AdminOptions& options) {
  if (!options.parameters.empty()) return;
  if (options.path == "/kill") throw CLI::ValidationError("kill", "whom? Write --user NAME or --id N");
  if (options.path == "/unlock") throw CLI::ValidationError("unlock", "whom? Write --user NAME, --source ADDRESS, or both");
}

}  // namespace

void add_admin(CLI::App& app, AdminOptions& options, std::function<int()>& chosen) {
  CLI::App* admin = app.add_subcommand("admin", "Ask a running respgate something over its admin port, or tell it to do something");
  admin->footer("Exit code: 0 yes, 1 no (why is on stderr), 2 usage.");
  admin->require_subcommand(1);
  Words words{*admin, options, chosen};
  add_looks(words);
  add_acts(words);
  admin->callback([&options] { refuse_nobody(options); });
}

}  // namespace respgate::proxy
