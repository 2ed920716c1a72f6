#include "proxy/cli/core_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace respgate::proxy {

void forbid_core_dumps() {
  const ::rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)  // LeakSanitizer traces the process it is in
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

}  // namespace respgate::proxy
