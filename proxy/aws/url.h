// The addresses under which credentials are handed out: parsed strictly, since they
// come from the environment and secrets are sent there.
//
//   url := ("http" | "https") "://" (name | "[" IPv6 "]") [":" port] [target]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace respgate::proxy {

struct AwsUrl {
  bool is_https = false;
  std::string host;  // without brackets
  std::uint16_t port = 0;
  std::string target = "/";

  // As in the header Host.
  std::string authority() const;
  // localhost, 127.0.0.0/8 or ::1: what is said does not leave the machine.
  bool is_loopback() const;
};

// Nothing for what is no such URL; user names, fragments, blanks and control characters are refused.
std::optional<AwsUrl> parse_aws_url(std::string_view text);

// Whether a container's credentials may be fetched from there: over HTTPS, from this machine, or from the addresses that
// ECS and EKS serve them at.
bool may_serve_container(const AwsUrl& url);

}  // namespace respgate::proxy
