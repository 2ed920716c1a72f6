#include "proxy/cli/dev_server.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;

// An environment variable for as long as this lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

// Directories for servers go here, so that tests at the same time do not meet.
class DevServerTest : public testing::Test {
 protected:
  const TemporaryDirectory temporary_;
  const Environment tmpdir_{"TMPDIR", temporary_.path().string()};

  void install(const char* name, const std::string& script) const {
    chmod(temporary_.write(name, "#!/bin/sh\n" + script + "\n").c_str(), 0755);
  }
  std::size_t directories() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(temporary_.path())) count += entry.is_directory() ? 1 : 0;
    return count;
  }
};

// glibc 2.36 declares pidfd_open() in a way that C++ cannot link.
int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

bool ends_within(int pidfd, int milliseconds) {
  pollfd process{pidfd, POLLIN, 0};
  return poll(&process, 1, milliseconds) == 1;
}

TEST_F(DevServerTest, AnswersAndIsForItsOwnerOnly) {
  const DevServer server;
  struct stat status {};
  ASSERT_EQ(stat(server.socket_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0077u, 0u);
  ASSERT_EQ(stat(server.directory().path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
}

TEST_F(DevServerTest, EndsWithItsOwnerAndLeavesNothing) {
  int pidfd = -1;
  {
    const DevServer server;
    pidfd = open_pidfd(server.pid());
    EXPECT_EQ(directories(), 1u);
  }
  EXPECT_TRUE(ends_within(pidfd, 0));
  EXPECT_EQ(directories(), 0u);
  close(pidfd);
}

// A process that owns a server, and what it told of it.
struct Owner {
  pid_t owner = -1;
  int server_pidfd = -1;
};

Owner fork_owner() {
  int told[2];
  if (pipe(told) != 0) throw std::runtime_error("pipe");
  const pid_t owner = fork();
  if (owner == 0) {
    const DevServer server;
    const pid_t pid = server.pid();
    if (write(told[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    while (true) pause();
  }
  close(told[1]);
  pid_t server = -1;
  const ssize_t size = read(told[0], &server, sizeof server);
  close(told[0]);
  if (size != sizeof server) throw std::runtime_error("no server was started");
  return {owner, open_pidfd(server)};
}

TEST_F(DevServerTest, EndsWhenItsOwnerIsKilled) {
  const Owner owner = fork_owner();
  ASSERT_GE(owner.server_pidfd, 0);
  EXPECT_FALSE(ends_within(owner.server_pidfd, 0));
  kill(owner.owner, SIGKILL);
  waitpid(owner.owner, nullptr, 0);
  EXPECT_TRUE(ends_within(owner.server_pidfd, 60'000));
  close(owner.server_pidfd);
}

TEST_F(DevServerTest, TheNextOneRemovesWhatAKilledOneLeft) {
  const Owner owner = fork_owner();
  kill(owner.owner, SIGKILL);
  waitpid(owner.owner, nullptr, 0);
  close(owner.server_pidfd);
  EXPECT_EQ(directories(), 1u);
  const DevDirectory next;
  EXPECT_EQ(directories(), 1u);
}

TEST_F(DevServerTest, TheNextOneLeavesThoseThatLive) {
  const DevDirectory first;
  const DevDirectory second;
  EXPECT_TRUE(std::filesystem::exists(first.path()));
  EXPECT_EQ(directories(), 2u);
}

TEST_F(DevServerTest, ADirectoryWithoutALockIsNotTouched) {
  std::filesystem::create_directory(temporary_.file("respgate-dev-someone"));
  const DevDirectory next;
  EXPECT_EQ(directories(), 2u);
}

TEST_F(DevServerTest, AServerThatEndsAtOnceIsQuoted) {
  install("redis-server", "echo 'this machine is haunted' >&2; exit 1");
  const Environment path("PATH", temporary_.path().string());
  try {
    const DevServer server;
    FAIL() << "started";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("this machine is haunted"));
  }
  EXPECT_EQ(directories(), 0u);
}

TEST_F(DevServerTest, WithoutAServerThePackageIsNamed) {
  const Environment path("PATH", temporary_.path().string());
  try {
    const DevServer server;
    FAIL() << "started";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("apt-get install redis-server"));
  }
}

TEST_F(DevServerTest, ValkeyIsPreferredWhereverItIs) {
  install("redis-server", "");
  const std::string here = temporary_.path().string();
  EXPECT_EQ(find_server_program("/nonexistent:" + here), here + "/redis-server");
  const TemporaryDirectory other;
  chmod(other.write("valkey-server", "#!/bin/sh\n").c_str(), 0755);
  EXPECT_EQ(find_server_program(here + ":" + other.path().string()), other.path().string() + "/valkey-server");
}

TEST_F(DevServerTest, WhatCannotBeRunIsNoServer) {
  temporary_.write("redis-server", "");
  EXPECT_EQ(find_server_program(temporary_.path().string()), std::nullopt);
  EXPECT_EQ(find_server_program(""), std::nullopt);
  EXPECT_EQ(find_server_program("::.:relative"), std::nullopt);
}

}  // namespace
}  // namespace respgate::proxy
