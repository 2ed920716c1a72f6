// Errors of listening sockets name an address.  Which key of the configuration it was
// read from is known to whoever opens the socket, and goes in front.
#pragma once

#include <string>
#include <system_error>

namespace respgate::proxy {

// "admin.address: cannot listen on 127.0.0.1:9180: Address already in use", with the same code.
std::system_error with_key(const std::string& key, const std::system_error& error);

}  // namespace respgate::proxy
