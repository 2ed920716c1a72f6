// How lanes of one identity log in to the node: with one of two passwords, or with an
// IAM token signed at that moment.  Immutable; when passwords or credentials change,
// lanes that are dialled from then on are given another.
//
// No text that it gives for logs holds a secret.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/aws/credentials.h"
#include "proxy/aws/iam_token.h"

namespace respgate::proxy {

// What IAM logins are signed with at present; replaced as a whole.
struct AwsSnapshot {
  std::shared_ptr<const AwsCredentials> credentials;  // null: there are none
  std::string trouble;                                // why there are none, or why they could not be renewed
};

struct UpstreamLogin {
  struct Iam {
    IamCache cache;
    std::chrono::milliseconds reauthenticate{0};  // how long after a login the next is made; 0: never
    AwsSnapshot aws;
  };

  std::string user;                    // empty: "default"
  std::vector<std::string> passwords;  // newest first; the next is tried when one is refused.  Empty: no login at all
  std::optional<Iam> iam;              // then there are no passwords

  bool is_iam() const { return iam.has_value(); }
  // The password of the given attempt, from 0; nothing when there is none to be sent.  A token is never older than its key.
  std::optional<std::string> password(std::size_t attempt, std::int64_t now_s) const;
  // Empty when a lane can greet now; otherwise what it waits for.
  std::string missing(std::int64_t now_s) const;
  UpstreamLogin with(const AwsSnapshot& aws) const;
};

using UpstreamLoginPtr = std::shared_ptr<const UpstreamLogin>;

}  // namespace respgate::proxy
