// Who may ask the admin port for what.  Pure: no sockets, no files but the token's.
//
//   any request    its Host must be an IP literal, `localhost` or a name of admin.hosts: a web page
//                  that had its own name rebound to this address would send its own name
//   a change       needs the token of admin.token_file; without such a file there are no changes
//   anything       needs the token, if the address is reachable from other machines; but not what holds
//                  nothing of this process: a browser cannot be told to send a token before it has a page
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "proxy/common/trusted_file.h"

namespace respgate::proxy {

// The token that a file holds, and nothing else but white space at its end.  Refused when
// the file is not to be trusted, or holds no such word.
FileResult read_admin_token(const std::string& file);

// The secret of admin.token_file.  Only its digest is kept.
class AdminToken {
 public:
  static constexpr std::size_t kShortest = 16;  // characters; of hexadecimal digits, 64 bits
  explicit AdminToken(std::string_view token);
  static boost::system::result<AdminToken, FileProblem> from_file(const std::string& file);
  // Constant time, whatever the length.
  bool equals(std::string_view token) const;
  // Fewer than kShortest: it can be guessed.
  bool is_short() const { return is_short_; }

 private:
  std::array<std::uint8_t, 32> digest_;
  bool is_short_;
};

bool is_host_accepted(std::string_view host, const std::vector<std::string>& more);

enum class Access : std::uint8_t {
  kGranted,
  kHostMissing,
  kHostRefused,
  kTokenWanted,      // none was given, or a wrong one
  kNoTokenToAskFor,  // changes are off: no admin.token_file
};

struct AdminAccess {
  std::vector<std::string> hosts;
  std::optional<AdminToken> token;
  bool is_token_for_everything = false;

  enum class Intent : std::uint8_t { kOpen, kRead, kChange };
  // `authorization`: the header's value, "Bearer …".
  Access judge(Intent intent, std::string_view host, std::string_view authorization) const;
};

}  // namespace respgate::proxy
