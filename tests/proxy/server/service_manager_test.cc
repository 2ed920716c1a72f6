#include "proxy/server/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::MatchesRegex;

// A service manager's end: a datagram socket at `name`, where '@' begins an abstract one.
class Listening {
 public:
  explicit Listening(const std::string& name) : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const ::sockaddr*>(&address), size), 0);
  }
  ~Listening() { ::close(descriptor_); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  // The next datagram that is there; "(nothing)" when there is none.
  std::string read() const {
    char bytes[4096];
    const ssize_t n = ::recv(descriptor_, bytes, sizeof bytes, 0);
    return n < 0 ? "(nothing)" : std::string(bytes, static_cast<std::size_t>(n));
  }

 private:
  int descriptor_;
};

class ServiceManagerTest : public testing::TestWithParam<std::string> {
 protected:
  const TemporaryDirectory directory_;
  const std::string name_ = GetParam() == "@" ? "@" + directory_.file("notify") : directory_.file("notify");
};

TEST_P(ServiceManagerTest, EachStepIsOneDatagram) {
  const Listening manager(name_);
  const ServiceManager told(name_);
  told.ready("serving");
  EXPECT_EQ(manager.read(), "READY=1\nSTATUS=serving");
  told.reloading();
  EXPECT_THAT(manager.read(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*\nSTATUS=reloading"));
  told.stopping("draining");
  EXPECT_EQ(manager.read(), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(manager.read(), "(nothing)");
}

TEST_P(ServiceManagerTest, AStatusIsOneLine) {
  const Listening manager(name_);
  ServiceManager(name_).ready("a\nREADY=0");
  EXPECT_EQ(manager.read(), "READY=1\nSTATUS=a READY=0");
}

INSTANTIATE_TEST_SUITE_P(PathsAndAbstractNames, ServiceManagerTest, testing::Values("/", "@"));

TEST(ServiceManagerEnvironmentTest, ItIsFoundInTheEnvironment) {
  const TemporaryDirectory directory;
  const Listening manager(directory.file("notify"));
  ::setenv("NOTIFY_SOCKET", directory.file("notify").c_str(), 1);
  const ServiceManager told = ServiceManager::of_environment();
  ::unsetenv("NOTIFY_SOCKET");
  told.ready("serving");
  EXPECT_EQ(manager.read(), "READY=1\nSTATUS=serving");
}

}  // namespace
}  // namespace respgate::proxy
