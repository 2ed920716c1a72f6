// A line of an audit file, read back.  Whoever wrote the file chose its bytes: nothing in it
// is trusted to be what respgate writes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/audit/audit_event.h"

namespace respgate::proxy {

struct AuditRecord {
  struct Touch {
    AuditTouch::Kind kind = AuditTouch::Kind::kAny;
    enum class Name : std::uint8_t { kPlain, kHashed, kLeftOut } spelling = Name::kLeftOut;
    std::string name;     // kPlain
    bool is_cut = false;  // kPlain: more followed
  };
  AuditEvent::Kind kind = AuditEvent::Kind::kAudit;
  std::string user;
  std::string command;
  std::string reason;
  std::vector<Touch> touches;
  std::size_t touches_left_out = 0;
};

// Nothing: it is no line of an audit log, or its user's name is cut.
std::optional<AuditRecord> read_audit_record(std::string_view line);

}  // namespace respgate::proxy
