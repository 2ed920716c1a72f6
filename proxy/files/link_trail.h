// The way to a file through symbolic links: in which folders a link or the file itself
// could be replaced, so that the same path would lead to something else.
//
//   /etc/secrets/token ─► ..data/token, ..data ─► ..2024_07/    folders: /etc/secrets, /etc/secrets/..2024_07
//
// This is how Kubernetes keeps secrets: what is swapped is the link in the middle.
#pragma once

#include <filesystem>
#include <set>

namespace respgate::proxy {

// The folders of every link on the way, and of the file; as far as the way can be gone, so a missing file has at least
// the folder in which it, or the next step to it, would have to appear.
std::set<std::filesystem::path> folders_on_the_way(const std::filesystem::path& file);

}  // namespace respgate::proxy
