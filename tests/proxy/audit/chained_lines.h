// Lines of an audit file sealed with a key of the tests, and what a verifier says of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/audit/audit_json.h"
#include "proxy/audit/audit_verifier.h"
#include "proxy/audit/chain_note.h"

namespace respgate::proxy {

inline const AuditKey kTestKey{"0123456789abcdef0123456789abcdef"};

inline std::string plain_line(const AuditEvent& event) {
  return audit_line(event, std::chrono::system_clock::time_point{}, KeyText(AuditConfig::Keys::kPlain));
}

// A chain as the writer makes it: the line that begins it, then events of these users.
class ChainedLines {
 public:
  ChainedLines() { add(event_of(ChainNote{})); }

  void add(const AuditEvent& event) {
    std::string line = plain_line(event);
    sealer_.seal(line, head_);
    lines_.push_back(std::move(line));
  }
  void add_user(std::string user) {
    AuditEvent event;
    event.user = std::move(user);
    add(event);
  }
  // The first line of the next file.
  void add_opening() { add(event_of(ChainNote{ChainNote::Kind::kOpened, head_, 0, {}, {}})); }

  std::vector<std::string>& lines() { return lines_; }
  const ChainHead& head() const { return head_; }

 private:
  ChainSealer sealer_{kTestKey};
  ChainHead head_;
  std::vector<std::string> lines_;
};

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

// "line: what" for each fault in these files, oldest first.
inline std::vector<std::string> faults_in(const std::vector<std::string>& files, std::optional<ClaimedHead> claimed = std::nullopt,
                                          const AuditKey& key = kTestKey) {
  std::vector<std::string> faults;
  AuditVerifier verifier(key, claimed, [&](const AuditFault& fault) { faults.push_back(std::to_string(fault.line) + ": " + fault.what); });
  for (std::string_view text : files) {
    verifier.begin_file("audit");
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      verifier.take_line(text.substr(0, newline), newline != std::string_view::npos);
      text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    }
  }
  verifier.finish();
  return faults;
}

}  // namespace respgate::proxy
