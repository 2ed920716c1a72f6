#include <unistd.h>

#include <cstdio>

#include "acl/principal.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/password_prompt.h"

namespace respgate::proxy {

int run_hash_password() {
  const auto password = read_password(STDIN_FILENO);
  if (!password) {
    std::fprintf(stderr, "respgate: %s\n", password.error().what.c_str());
    return kExitConfig;
  }
  std::printf("#%s\n", acl::Secret::of_password(password->text).to_hex().c_str());
  return kExitOk;
}

}  // namespace respgate::proxy
