#include <gtest/gtest.h>

#include "proxy/cli/logging.h"

namespace respgate::proxy {
namespace {

// The log is set up before the first thread, as the program does it.  Left to itself, libspdlog makes its logger on
// first use, in code that is not instrumented: a second thread's line is then a data race to ThreadSanitizer.
class LoggingEnvironment : public testing::Environment {
 public:
  void SetUp() override { ASSERT_TRUE(set_up_logging({})); }
};

[[maybe_unused]] const testing::Environment* const kLogging = testing::AddGlobalTestEnvironment(new LoggingEnvironment);

}  // namespace
}  // namespace respgate::proxy
