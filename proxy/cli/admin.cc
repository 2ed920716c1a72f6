#include "proxy/cli/admin.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <thread>

#include "proxy/admin/admin_client.h"
#include "proxy/aws/sigv4.h"
#include "proxy/cli/cli.h"
#include "proxy/common/log_text.h"
#include "proxy/common/units.h"
#include "proxy/config/admin_access.h"

namespace respgate::proxy {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kPollPause{100};
// Beyond the grace, for what remains to be closed; and for a process whose grace is not known.
constexpr Milliseconds kEndSlack{5'000};
constexpr Milliseconds kUnknownGrace{60'000};

int complain(int code, const std::string& what) {
  std::fprintf(stderr, "respgate: %s\n", one_line(what).c_str());
  return code;
}

// What of a configuration is of use here.
struct Whom {
  std::optional<Address> address;
  std::string token_file;
  Milliseconds grace = kUnknownGrace;
  std::string problem;  // empty: there is an address
};

bool is_on_health_address(const std::string& path) { return path == "/livez" || path == "/readyz" || path == "/metrics"; }

// The rest of the configuration may be faulty: a probe asks the process, which goes on with what it has.
Whom whom_of_file(const AdminOptions& options) {
  const Config config = draft_config_file(options.config_file).config;
  Whom whom{config.admin.address, config.admin.token_file, config.shutdown_grace, ""};
  if (!whom.address && is_on_health_address(options.path)) whom.address = config.admin.health_address;
  if (!whom.address) whom.problem = options.config_file + " has no admin.address that can be used: write one, or --address";
  return whom;
}

Whom whom_of(const AdminOptions& options) {
  Whom whom;
  if (options.address.empty()) {
    whom = whom_of_file(options);
  } else {
    const auto address = parse_address(options.address, std::filesystem::current_path());
    if (!address) return {.address = {}, .token_file = {}, .grace = {}, .problem = "--address " + address.error()};
    whom.address = *address;
  }
  if (!options.token_file.empty()) whom.token_file = options.token_file;
  const bool is_chosen_by_system = whom.address && whom.address->kind == Address::Kind::kTcp && whom.address->port == 0;
  if (is_chosen_by_system) whom.problem = whom.address->text + " is a port that the system chose: write --address with the one it chose";
  return whom;
}

std::string target_of(const AdminOptions& options) {
  std::string target = options.path;
  char mark = '?';
  for (const auto& [name, value] : options.parameters) {
    if (value.empty()) continue;
    target.append(1, mark).append(name).append("=").append(percent_encoded(value));
    mark = '&';
  }
  return target;
}

void print(std::FILE* to, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), to);
  if (!text.ends_with('\n')) std::fputc('\n', to);
}

// A reload, or an edit that no reload took, leaves a running process where it was.
std::string advice_on(const AdminSilence& silence, const AdminOptions& options) {
  if (!silence.nobody_listens || !options.address.empty()) return "";
  return ": a running respgate keeps the admin.address it was started with; if that is not what " + options.config_file +
         " says now, write --address with it";
}

// Until nobody listens any more, or who listens is not draining, and so is another process.
int await_end(AdminQuestion question, Milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  question.method = "GET";
  question.target = "/readyz";
  while (std::chrono::steady_clock::now() < deadline) {
    const AdminAnswerResult answer = ask_admin(question);
    if (!answer && answer.error().nobody_listens) return kExitOk;
    if (answer && answer->body.find("draining") == std::string::npos) return kExitOk;
    std::this_thread::sleep_for(kPollPause);
  }
  return complain(kExitConfig, "it still runs after " + spell_duration(patience));
}

}  // namespace

int run_admin(const AdminOptions& options) {
  if (options.address.empty() && options.config_file.empty())
    return complain(kExitUsage, "whom to ask? Write -c FILE (or RESPGATE_CONFIG), or --address ADDRESS");
  const Whom whom = whom_of(options);
  if (!whom.problem.empty()) return complain(kExitConfig, whom.problem);
  AdminQuestion question;
  question.address = *whom.address;
  question.method = options.method;
  question.target = target_of(options);
  question.timeout = parse_duration(options.timeout).value_or(question.timeout);
  if (!whom.token_file.empty()) {
    const FileResult token = read_admin_token(whom.token_file);
    if (!token && options.method != "GET") return complain(kExitConfig, whom.token_file + " " + token.error().what);
    if (token) question.token = token->text;  // who only looks may do without
  }
  std::this_thread::sleep_for(parse_duration(options.delay).value_or(Milliseconds(0)));
  const AdminAnswerResult answer = ask_admin(question);
  if (!answer) return complain(kExitConfig, answer.error().what + advice_on(answer.error(), options));
  const bool is_yes = answer->status / 100 == 2;
  print(is_yes ? stdout : stderr, answer->body);
  if (!is_yes) return kExitConfig;
  return options.waits ? await_end(question, whom.grace + kEndSlack) : kExitOk;
}

}  // namespace respgate::proxy
