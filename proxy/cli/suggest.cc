#include <cstdio>
#include <string>
#include <vector>

#include "proxy/audit/acl_suggestion.h"
#include "proxy/audit/audit_files.h"
#include "proxy/cli/cli.h"
#include "proxy/common/line_reader.h"
#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kMaxLineBytes = 128 * 1024;

int fail(const std::string& why) {
  std::fprintf(stderr, "respgate: %s\n", one_line(why).c_str());
  return kExitConfig;
}

// Not empty: why it could not be read.
std::string read(const std::string& name, AclObserver& observer, std::uint64_t& not_understood) {
  const auto file = open_for_reading(name);
  if (!file) return file.error();
  LineReader reader(file->descriptor(), kMaxLineBytes);
  while (const auto line = reader.next()) {
    const auto record = line->is_cut ? std::nullopt : read_audit_record(line->text);
    if (record) {
      observer.take(*record);
    } else {
      ++not_understood;
    }
  }
  return reader.error() ? name + ": " + reader.error().message() : "";
}

// The number of lines printed.
std::size_t print(const std::vector<AclSuggestion>& suggestions, const std::string& user) {
  std::size_t printed = 0;
  for (const AclSuggestion& one : suggestions) {
    if (!user.empty() && one.user != user) continue;
    for (const std::string& note : one.notes)
      std::fprintf(stderr, "respgate: %s: %s\n", log_text(one.user).c_str(), one_line(note).c_str());
    if (one.line.empty()) continue;
    std::printf("%s\n", one.line.c_str());
    ++printed;
  }
  return printed;
}

}  // namespace

int run_suggest(const SuggestOptions& options) {
  AclObserver observer(options.counts_denied ? AclObserver::Denied::kCount : AclObserver::Denied::kApart);
  std::uint64_t not_understood = 0;
  for (const std::string& file : options.files)
    if (const std::string problem = read(file, observer, not_understood); !problem.empty()) return fail(problem);
  if (not_understood > 0)
    std::fprintf(stderr, "respgate: %llu lines are none of an audit log, and were left out\n",
                 static_cast<unsigned long long>(not_understood));
  if (print(observer.suggest(), options.user) > 0) return kExitOk;
  return fail("nothing was allowed or observed" + (options.user.empty() ? "" : " of user " + log_text(options.user)) +
              ": record with audit.events: [allowed, observed] and audit.keys: plain");
}

}  // namespace respgate::proxy
