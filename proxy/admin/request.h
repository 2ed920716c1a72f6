// One request to the admin port, out of HTTP's clothes: the target split and decoded,
// and nothing tolerated that two readers could understand differently.
//
//   target := "/" path [ "?" name "=" value { "&" name "=" value } ]     value with %HH
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace respgate::proxy {

struct AdminRequest {
  std::string method;  // "GET"
  std::string target;  // as sent
  std::string path;    // "/kill"
  std::map<std::string, std::string> parameters;
  std::string host;           // the only Host header's value, or empty
  std::string authorization;  // likewise
  std::string peer;           // who asks: "127.0.0.1:40000", "unix:"
};

// Fills in `path` and `parameters` from `target`.  False: it is not of the form above, or
// names a parameter twice.
bool read_target(AdminRequest& request);

}  // namespace respgate::proxy
