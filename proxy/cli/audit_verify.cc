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
#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

constexpr int kExitWhole = 0;
constexpr int kExitCutOrChanged = 1;
constexpr int kExitCannotSay = 2;
// No line that respgate writes is nearly as long.
constexpr std::size_t kMaxLineBytes = 128 * 1024;
constexpr std::uint64_t kMostFaultsShown = 100;

int cannot_say(const std::string& why) {
  std::fprintf(stderr, "respgate: %s\n", one_line(why).c_str());
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
    std::printf("%s: %s\n", one_line(fault.file).c_str(), fault.what.c_str());
  } else {
    std::printf("%s:%llu: %s\n", one_line(fault.file).c_str(), static_cast<unsigned long long>(fault.line), fault.what.c_str());
  }
}

// Prints faults as they are found.  Of those in a row that say the same, as of every line when the key is another, the first
// and how many follow it.
class FaultList {
 public:
  void add(const AuditFault& fault) {
    if (fault.what == last_.what && fault.line != 0) {
      last_ = fault;
      ++alike_;
      return;
    }
    tell_alike();
    last_ = fault;
    if (++shown_ <= kMostFaultsShown) print_fault(fault);
  }

  // After the last.
  void finish() {
    tell_alike();
    if (shown_ > kMostFaultsShown) std::printf("%llu more\n", static_cast<unsigned long long>(shown_ - kMostFaultsShown));
  }

 private:
  void tell_alike() {
    if (alike_ > 0 && shown_ <= kMostFaultsShown)
      std::printf("%s:%llu: the last of %llu more in a row of which the same is true\n", one_line(last_.file).c_str(),
                  static_cast<unsigned long long>(last_.line), static_cast<unsigned long long>(alike_));
    alike_ = 0;
  }

  AuditFault last_;
  std::uint64_t shown_ = 0;
  std::uint64_t alike_ = 0;  // as last_, and not shown
};

// Nothing: it was read to its end.
std::optional<std::string> verify(const OpenFile& file, AuditVerifier& verifier) {
  LineReader reader(file.descriptor(), kMaxLineBytes);
  verifier.begin_file(file.name());
  while (const auto line = reader.next()) verifier.take_line(line->text, line->has_end);
  if (reader.error()) return file.name() + ": " + reader.error().message();
  return std::nullopt;
}

int conclude(const AuditVerifier& verifier, std::uint64_t lines) {
  if (lines > 1 && verifier.faults() >= lines) std::printf("no line fits the key: is it the one of this file?\n");
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

  if (claimed && !claimed->value) {
    std::fprintf(stderr,
                 "respgate: --head %s: only that there is a line of this number is looked at; a tail that was cut and grew again shows "
                 "against SEQ:CHAIN alone, as /audit of the admin port tells it\n",
                 options.head.c_str());
  }

  std::uint64_t lines = 0;
  FaultList faults;
  AuditVerifier verifier(*key, claimed, [&](const AuditFault& fault) { faults.add(fault); });
  for (const Source& open : *sources) {
    const auto file = open();
    if (!file) return cannot_say(file.error());
    if (const auto problem = verify(*file, verifier)) return cannot_say(*problem);
    lines += verifier.lines_of_file();
  }
  if (lines == 0 && !claimed) return cannot_say("no line in " + options.files.back() + ": there is nothing to verify");
  verifier.finish();
  faults.finish();
  return conclude(verifier, lines);
}

}  // namespace respgate::proxy
