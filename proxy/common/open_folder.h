// Could everybody on the machine put another file in the place of one?  Who may write a
// folder may rename and replace what lies in it, whoever owns that and whatever its mode
// says; unless the folder is sticky (/tmp), or on a file system that is mounted read-only
// (how Kubernetes mounts ConfigMaps, whose folders have mode 0777).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace respgate::proxy {

// The first such folder on the way from the root to the file, through all links; empty: there is none.  A way that ends
// early (a file that is missing, a folder that we may not search) is judged as far as it goes.
std::filesystem::path folder_open_to_all(const std::filesystem::path& file);

// Such a folder, by file; of those that have one.
using OpenFolders = std::map<std::string, std::string>;
OpenFolders folders_open_to_all(const std::vector<std::string>& files);

}  // namespace respgate::proxy
