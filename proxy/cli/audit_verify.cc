#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/audit/audit_files.h"
#include "proxy/audit/audit_verifier.h"
#include "proxy/cli/cli.h"
#include "proxy/common/line_reader.h"

namespace respgate::proxy {
namespace {

constexpr int kExitWhole = 0;
constexpr int kExitCutOrChanged = 1;
constexpr int kExitCannotSay = 2;
// No line that respgate writes is nearly as long.
constexpr std::size_t kMaxLineBytes = 128 * 1024;
constexpr std::uint64_t kMostFaultsShown = 100;

int cannot_say(const std::string& why) {
  std::fprintf(stderr, "respgate: %s\n", why.c_str());
  return kExitCannotSay;
}

// What is not given comes from the configuration.  Not empty: what is missing.
std::string complete(AuditVerifyOptions& options) {
  if (options.config_file.empty() || (!options.key_file.empty() && !options.files.empty())) return "";
  const ConfigResult config = load_config(options.config_file);
  if (!config) return to_string(config.error().errors.front());
  if (options.key_file.empty()) options.key_file = config->audit.key_file;
  if (options.files.empty() && config->audit.file != "stdout") options.files = {config->audit.file};
  return "";
}

// What is verified, oldest first: names as they were given, or what one file was rotated to.
using Source = std::function<boost::system::result<OpenFile, std::string>()>;

boost::system::result<std::vector<Source>, std::string> sources_of(const std::vector<std::string>& names) {
  std::vector<Source> sources;
  if (names.size() > 1 || names.front() == "-") {
    for (const std::string& name : names) sources.emplace_back([name] { return open_for_reading(name); });
    return sources;
  }
  const auto found = find_rotated_set(names.front());
  if (!found) return found.error();
  for (const RotatedFile& file : *found) sources.emplace_back([file] { return file.open(); });
  return sources;
}

void print_fault(const AuditFault& fault) {
  if (fault.line == 0) {
    std::printf("%s: %s\n", fault.file.c_str(), fault.what.c_str());
  } else {
    std::printf("%s:%llu: %s\n", fault.file.c_str(), static_cast<unsigned long long>(fault.line), fault.what.c_str());
  }
}

// Nothing: it was read to its end.
std::optional<std::string> verify(const OpenFile& file, AuditVerifier& verifier) {
  LineReader reader(file.descriptor(), kMaxLineBytes);
  verifier.begin_file(file.name());
  while (const auto line = reader.next()) verifier.take_line(line->text, line->has_end);
  if (reader.error()) return file.name() + ": " + reader.error().message();
  return std::nullopt;
}

int conclude(const AuditVerifier& verifier, std::uint64_t lines) {
  if (verifier.faults() > kMostFaultsShown)
    std::printf("%llu more\n", static_cast<unsigned long long>(verifier.faults() - kMostFaultsShown));
  if (verifier.torn_lines() > 0)
    std::printf("%llu torn lines, as the chain tells itself\n", static_cast<unsigned long long>(verifier.torn_lines()));
  std::printf("%s: %llu lines, head %s\n", verifier.faults() == 0 ? "ok" : "CUT OR CHANGED", static_cast<unsigned long long>(lines),
              to_text(verifier.head()).c_str());
  return verifier.faults() == 0 ? kExitWhole : kExitCutOrChanged;
}

}  // namespace

int run_audit_verify(AuditVerifyOptions options) {
  if (const std::string problem = complete(options); !problem.empty()) return cannot_say(problem);
  if (options.key_file.empty()) return cannot_say("no key: write --key-file FILE, or -c CONFIG with audit.key_file in it");
  if (options.files.empty()) return cannot_say("no file: write the name of an audit file, or -c CONFIG with audit.file in it");
  const auto key = AuditKey::from_file(options.key_file);
  if (!key) return cannot_say(options.key_file + " " + key.error().what);
  const auto claimed = read_claimed_head(options.head);
  if (!options.head.empty() && !claimed) return cannot_say("--head: write SEQ or SEQ:CHAIN, as /audit of the admin port tells it");
  const auto sources = sources_of(options.files);
  if (!sources) return cannot_say(sources.error());

  std::uint64_t shown = 0;
  std::uint64_t lines = 0;
  AuditVerifier verifier(*key, claimed, [&](const AuditFault& fault) {
    if (++shown <= kMostFaultsShown) print_fault(fault);
  });
  for (const Source& open : *sources) {
    const auto file = open();
    if (!file) return cannot_say(file.error());
    if (const auto problem = verify(*file, verifier)) return cannot_say(*problem);
    lines += verifier.lines_of_file();
  }
  if (lines == 0 && !claimed) return cannot_say("no line in " + options.files.back() + ": there is nothing to verify");
  verifier.finish();
  return conclude(verifier, lines);
}

}  // namespace respgate::proxy
