// upstream.credentials, upstream.per_user_credentials and users.iam: who logs in where
// with what.
#include <utility>

#include "proxy/aws/environment.h"
#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

constexpr std::chrono::hours kLatest{11};  // the node ends a connection after 12

void read_cache(MapReader& section, IamCache& cache) {
  std::string written;
  section.require("cache", "cache: orders");
  if (section.text("cache", written)) {
    if (const auto name = iam_cache_name(written))
      cache.name = *name;
    else
      section.complain("cache",
                       quote(written) + " is no name of a cache: write that of the replication group or serverless cache, not its address");
  }
  section.flag("serverless", cache.is_serverless);
  section.text("region", cache.region);
}

// The node's region, which AWS's own variables may have said already.
void read_region(MapReader& section, IamCache& cache) {
  if (cache.region.empty() && !section.has("region")) cache.region = aws_environment_of_process().region();
  if (cache.region.empty() && !section.has("region")) {
    section.complain("region", "is missing, and AWS_REGION is not set: write region: us-east-1");
  } else if (!is_aws_region(cache.region)) {
    section.complain("region", quote(cache.region) + " is no region: write one such as us-east-1");
  }
}

void read_iam(MapReader section, UpstreamCredentials& credentials) {
  UpstreamCredentials::Iam iam;
  section.text("user", credentials.user);
  read_cache(section, iam.cache);
  read_region(section, iam.cache);
  section.duration("reauthenticate", iam.reauthenticate, {std::chrono::milliseconds(100), kLatest});
  section.finish();
  credentials.iam = std::move(iam);
}

}  // namespace

void read_credentials(MapReader section, const Folder& folder, UpstreamCredentials& credentials) {
  section.text("user", credentials.user);
  read_path(section, "password_file", folder, credentials.password_file);
  if (section.has("password")) section.complain("password", "secrets do not stand here: put it into a file and write password_file: FILE");
  if (section.has("iam")) {
    if (section.has("password_file"))
      section.complain("iam", "a token takes the place of a password: write iam or password_file, not both");
    read_iam(section.section("iam"), credentials);
    if (credentials.user.empty()) section.complain("iam", "a token names its user: write user: NAME");
  } else if (section.has("user") && !section.has("password_file")) {
    section.complain("user", "a user without a password: write password_file: FILE beside it");
  }
  section.finish();
}

void read_own_credentials(MapReader& upstream, const Folder& folder, std::vector<OwnCredentials>& out) {
  for (auto& [name, section] : upstream.named_sections("per_user_credentials")) {
    OwnCredentials own{name.text, {}};
    if (!section.has("iam")) section.require("user", "user: NAME, who the node is to see, and password_file: FILE");
    read_credentials(section, folder, own.credentials);
    out.push_back(std::move(own));
  }
}

void read_iam_users(MapReader& users, const Folder& folder, std::vector<IamUserConfig>& out) {
  for (auto& [name, section] : users.named_sections("iam")) {
    IamUserConfig user{name.text, {}, {}};
    section.require("access_keys_file", "access_keys_file: FILE, with a line ACCESSKEYID:SECRET");
    read_path(section, "access_keys_file", folder, user.access_keys_file);
    read_cache(section, user.cache);
    read_region(section, user.cache);
    section.finish();
    out.push_back(std::move(user));
  }
}

}  // namespace respgate::proxy
