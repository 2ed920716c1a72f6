// Users of somewhere else on their way into users.acl.  What cannot be taken over is left
// out or closed, never opened, and each such change is told:
//
//   a password that is not known      the user is `off`
//   a command or category unknown     the rule is left out: respgate refuses such commands
//   no rule about channels            resetchannels, as Redis has it since 7.0
//   anything else users.acl refuses   the user is left out
//   no user called default            `user default off`
//
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

namespace respgate::proxy {

struct ImportedUser {
  enum class Login : std::uint8_t {
    kHashes,           // among the rules
    kUnknownPassword,  // it has one that nobody tells
    kNoPassword,       // any is right: nopass
    kElsewhere,        // tokens
  };
  std::string name;
  std::string origin;  // "UserId orders-rw": tells users of one name apart; printable, or empty
  Login login = Login::kUnknownPassword;
  bool enabled = false;
  std::vector<std::string> rules;  // in their order, without on, off, nopass
};

// What an import came to.
struct Import {
  std::string users_acl;           // parse_policy() takes it
  std::vector<std::string> names;  // of those who came to be in it, sorted
  std::vector<std::string> notes;  // one line each, printable: every change and loss
};

// Why there is none; one line each, printable.
struct ImportProblem {
  std::vector<std::string> what;
};

using ImportResult = boost::system::result<Import, ImportProblem>;

// REQUIRES: names are different.
ImportResult import_users(std::vector<ImportedUser> users);

// The words of a list of rules; blanks of any kind separate them.
std::vector<std::string> rule_words(std::string_view rules);

// Takes the words of the whole user (on, off, nopass, resetpass) out of `user.rules`; the last `on` or `off` counts.
// True: there was a `nopass` that no later word took back.
bool take_state(ImportedUser& user);

// "user 'orders' (UserId orders-rw)"
std::string described(const ImportedUser& user);

}  // namespace respgate::proxy
