// One question to the admin port of a running respgate: connect, ask, read the whole answer, close.  For `respgate
// admin`, so it blocks its caller; there is a time limit for all of it but the look-up of a host's name.
#pragma once

#include <chrono>
#include <string>

#include <boost/system/result.hpp>

#include "proxy/config/address.h"

namespace respgate::proxy {

struct AdminQuestion {
  Address address;
  std::string method = "GET";
  std::string target;  // "/kill?user=app", encoded
  std::string token;   // empty: none is shown
  std::chrono::milliseconds timeout{5000};
};

struct AdminAnswer {
  unsigned status = 0;
  std::string body;
};

// Why there is no answer.
struct AdminSilence {
  std::string what;             // "cannot ask unix:/run/respgate/admin.sock: Connection refused"
  bool nobody_listens = false;  // the system is sure: the process is not there, or has closed its admin port
};

using AdminAnswerResult = boost::system::result<AdminAnswer, AdminSilence>;

AdminAnswerResult ask_admin(const AdminQuestion& question);

}  // namespace respgate::proxy
