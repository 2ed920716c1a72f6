// Everything respgate decides by: its configuration and what that names in files.
// Loaded together, valid as a whole or not at all, and never changed afterwards.  A
// reload loads another one and puts it in the place of the whole of the old.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "acl/policy.h"
#include "proxy/audit/audit_chain.h"
#include "proxy/common/file_stamp.h"
#include "proxy/common/open_folder.h"
#include "proxy/config/admin_access.h"
#include "proxy/config/config.h"
#include "proxy/snapshot/login_loader.h"
#include "proxy/snapshot/policy_loader.h"
#include "proxy/snapshot/tls_loader.h"

namespace respgate::proxy {

struct Snapshot {
  Config config;
  acl::PolicyPtr policy;           // never null; its generation is the snapshot's
  UpstreamLogins upstream_logins;  // by identity; without AWS credentials, which are no file
  std::optional<AdminToken> admin_token;
  std::optional<AuditKey> audit_key;
  TlsContexts tls;
  FileStamps files;          // what it was read from, as that was before: what is other now has changed since
  FileStamp audit_file;      // as it was then; respgate itself writes it, so that is all there is to watch
  OpenFolders open_folders;  // of `files`, as it was then
};

// Shared by all threads.
using SnapshotPtr = std::shared_ptr<const Snapshot>;
using SnapshotResult = boost::system::result<SnapshotPtr, ConfigErrors>;

// Of a listener of that snapshot's configuration; null: plain text.
const tls::ServerContextPtr& tls_context_of(const Snapshot& snapshot, const ListenerConfig& listener);

// Reads every file that the configuration names, and says all that is wrong with them.
// REQUIRES: config comes from load_config() or parse_config().
SnapshotResult load_snapshot(Config config, std::uint64_t generation);

// Every file that a snapshot of this configuration is read from, itself included: when one of them changes, it is time
// for another snapshot.
std::vector<std::string> files_behind(const Config& config);

// What is wrong with the files that a faulty configuration names, as far as they can be judged without a sound one.
std::vector<ConfigError> errors_in_files(const Config& config);

}  // namespace respgate::proxy
