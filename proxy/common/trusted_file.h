// Reads files whose contents decide who may do what: the configuration, users.acl,
// secrets.  A file that others may write, or own, is refused: they would decide too.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <boost/system/result.hpp>

namespace respgate::proxy {

// Why a file was refused, and what to do about it; never a byte of what is in it.
struct FileProblem {
  std::string what;
};

struct FileText {
  std::string text;
};

using FileResult = boost::system::result<FileText, FileProblem>;

// The whole file.  Refused: missing, unreadable, not a regular file (after symbolic
// links), writable by group or others, owned by neither root nor the user that this
// process runs as, or larger than `max_bytes`.
FileResult read_trusted_file(const std::filesystem::path& path, std::size_t max_bytes);

inline constexpr std::size_t kMaxSecretBytes = 64 * 1024;
inline constexpr std::size_t kMaxUsersFileBytes = 64 * 1024 * 1024;

}  // namespace respgate::proxy
