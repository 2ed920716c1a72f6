// Reads one password from a descriptor: without echo when it is a terminal, to the
// end when it is a pipe or a file.
#pragma once

#include <string>

#include <boost/system/result.hpp>

namespace respgate::proxy {

struct Password {
  std::string text;  // without the newline at its end
};

// Why there is none; never a byte of what was read.
struct PasswordProblem {
  std::string what;
};

// Refused: an empty password, more than 4096 bytes (none longer could ever log in), more than one line.  On a
// terminal, asks on stderr, and puts the echo back whatever ends the reading, signals included.
boost::system::result<Password, PasswordProblem> read_password(int fd);

}  // namespace respgate::proxy
