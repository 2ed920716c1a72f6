// What the audit log says about its own chain, as events of kind "audit": how a chain
// begins in a file, or goes on there.  What follows which line is in `detail`, so that a
// file can be checked without the one before it.
//
//   started    the first line of a new chain
//   opened     the first line of a file, behind the last line of another
//   continued  a new process goes on in a file that it could verify the end of
//   torn       the same, behind a line that has no end (a crash, a pipe that stalled): its size and hash are told
//   broken     a new chain, because what is before it is not of this one, or was changed
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit/audit_chain.h"
#include "proxy/audit/audit_event.h"

namespace respgate::proxy {

struct ChainNote {
  enum class Kind : std::uint8_t { kStarted, kOpened, kContinued, kTorn, kBroken };
  Kind kind = Kind::kStarted;
  ChainHead follows;           // the line before; none of a new chain
  std::size_t torn_bytes = 0;  // kTorn
  ChainValue torn_hash{};      // kTorn: SHA-256
  std::string why = {};        // kBroken
  bool begins_chain() const { return kind == Kind::kStarted || kind == Kind::kBroken; }
};

AuditEvent event_of(const ChainNote& note);
// From a line of the file.  It is to be believed if the line's chain value is right.
std::optional<ChainNote> read_chain_note(std::string_view line);

// How to go on at the end of the file that is there under this name, or was before it was rotated.
ChainNote find_chain_start(ChainSealer& sealer, const std::string& path);

}  // namespace respgate::proxy
