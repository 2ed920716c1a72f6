#include "proxy/audit/audit_log.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "proxy/audit/audit_file.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

AuditConfig config_for(const std::string& file) {
  AuditConfig config;
  config.file = file;
  config.keys = AuditConfig::Keys::kPlain;
  return config;
}

AuditEvent event_of(std::string user, AuditEvent::Kind kind = AuditEvent::Kind::kDenied) {
  AuditEvent event;
  event.kind = kind;
  event.user = std::move(user);
  event.verdict = "denied";
  return event;
}

std::vector<std::string> users_in(const std::string& lines) {
  std::vector<std::string> users;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = lines.find('\n', begin);
    users.push_back(nlohmann::json::parse(lines.substr(begin, end - begin))["user"].get<std::string>());
    begin = end + 1;
  }
  return users;
}

std::size_t lines_in(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

// Whole lines, but for those that the log itself adds.
std::size_t whole_lines_in(const std::string& text) {
  std::istringstream lines(text);
  std::size_t whole = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line, nullptr, false);
    whole += event.is_object() && event["kind"] != "audit" ? 1 : 0;
  }
  return whole;
}

using Users = std::vector<std::string>;

TEST(AuditLogTest, EventsAreInTheFileAfterAFlush) {
  const TemporaryDirectory directory;
  AuditLog log(config_for(directory.file("audit")), {}, nullptr);
  log.write(event_of("a"));
  log.write(event_of("b"));
  log.flush();
  EXPECT_EQ(users_in(read_whole(directory.file("audit"))), (Users{"a", "b"}));
}

TEST(AuditLogTest, WhatIsQueuedIsWrittenAtTheEnd) {
  const TemporaryDirectory directory;
  {
    AuditLog log(config_for(directory.file("audit")), {}, nullptr);
    for (int i = 0; i < 5000; ++i) log.write(event_of("a"));
  }
  EXPECT_EQ(lines_in(read_whole(directory.file("audit"))), 5000u);
}

TEST(AuditLogTest, AnExistingFileIsAppendedTo) {
  const TemporaryDirectory directory;
  directory.write("audit", "{\"user\":\"before\"}\n");
  { AuditLog(config_for(directory.file("audit")), {}, nullptr).write(event_of("after")); }
  EXPECT_EQ(users_in(read_whole(directory.file("audit"))), (Users{"before", "after"}));
}

TEST(AuditLogTest, ANewFileIsNotForOthers) {
  const TemporaryDirectory directory;
  const AuditLog log(config_for(directory.file("audit")), {}, nullptr);
  struct stat status {};
  ASSERT_EQ(stat(directory.file("audit").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07137u, 0u);
}

TEST(AuditLogTest, OnlyConfiguredKindsAreWritten) {
  const TemporaryDirectory directory;
  AuditConfig config = config_for(directory.file("audit"));
  config.auth = false;
  AuditLog log(config, {}, nullptr);
  EXPECT_FALSE(log.wants(AuditEvent::Kind::kAuth));
  EXPECT_FALSE(log.wants(AuditEvent::Kind::kAllowed));
  EXPECT_TRUE(log.wants(AuditEvent::Kind::kDenied));
  log.write(event_of("login", AuditEvent::Kind::kAuth));
  log.write(event_of("allowed", AuditEvent::Kind::kAllowed));
  log.write(event_of("reload", AuditEvent::Kind::kReload));
  log.flush();
  EXPECT_EQ(users_in(read_whole(directory.file("audit"))), Users{"reload"});
  EXPECT_EQ(users_in(log.newest(10)), Users{"reload"});
}

TEST(AuditLogTest, TheNewestEventComesFirst) {
  AuditLog log(config_for(""), {}, nullptr);
  for (int i = 0; i < 1500; ++i) log.write(event_of(std::to_string(i)));
  log.flush();
  EXPECT_EQ(users_in(log.newest(2)), (Users{"1499", "1498"}));
  const Users all = users_in(log.newest(5000));
  ASSERT_EQ(all.size(), AuditLog::kNewestEvents);
  EXPECT_EQ(all.back(), "500");
}

TEST(AuditLogTest, SuccessDoesNotPushDenialsOutOfTheNewest) {
  AuditConfig config = config_for("");
  config.allowed = true;
  AuditLog log(config, {}, nullptr);
  AuditEvent login = event_of("login", AuditEvent::Kind::kAuth);
  login.verdict = "ok";
  log.write(login);
  log.write(event_of("allowed", AuditEvent::Kind::kAllowed));
  log.write(event_of("failed", AuditEvent::Kind::kAuth));
  log.flush();
  EXPECT_EQ(users_in(log.newest(10)), Users{"failed"});
}

TEST(AuditLogTest, ReopenGoesOnInANewFileOfTheSameName) {
  const TemporaryDirectory directory;
  AuditLog log(config_for(directory.file("audit")), {}, nullptr);
  log.write(event_of("old"));
  log.flush();
  std::filesystem::rename(directory.file("audit"), directory.file("audit.1"));
  log.reopen();
  log.write(event_of("new"));
  log.flush();
  EXPECT_EQ(users_in(read_whole(directory.file("audit.1"))), Users{"old"});
  EXPECT_EQ(users_in(read_whole(directory.file("audit"))), Users{"new"});
}

TEST(AuditLogTest, AFailedReopenKeepsTheOldFile) {
  const TemporaryDirectory directory;
  AuditLog log(config_for(directory.file("audit")), {}, nullptr);
  std::filesystem::rename(directory.file("audit"), directory.file("moved"));
  std::filesystem::create_directory(directory.file("audit"));
  log.reopen();
  log.write(event_of("kept"));
  log.flush();
  EXPECT_EQ(users_in(read_whole(directory.file("moved"))), Users{"kept"});
}

TEST(AuditLogTest, ADirectoryThatIsMissingIsNamed) {
  const TemporaryDirectory directory;
  try {
    const AuditLog log(config_for(directory.file("missing/audit")), {}, nullptr);
    FAIL() << "opened";
  } catch (const std::system_error& error) {
    EXPECT_EQ(std::string(error.what()), "audit.file " + directory.file("missing/audit") + ": No such file or directory");
  }
}

TEST(AuditLogTest, ASymbolicLinkIsRefused) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink(directory.write("target", ""), directory.file("audit"));
  try {
    const AuditLog log(config_for(directory.file("audit")), {}, nullptr);
    FAIL() << "opened";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("is a symbolic link"), std::string::npos) << error.what();
  }
}

TEST(AuditLogTest, AFullDiskCountsEveryEventAsDropped) {
  std::atomic<std::uint64_t> dropped{0};
  AuditLog log(config_for("/dev/full"), {}, [&](std::uint64_t n) { dropped += n; });
  for (int i = 0; i < 1000; ++i) log.write(event_of("a"));
  log.flush();
  EXPECT_EQ(dropped, 1000u);
  EXPECT_EQ(log.newest(1).empty(), false);
}

TEST(AuditLogTest, WhatDoesNotFitTheQueueIsDroppedAndCountedAndTheRestIsWhole) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  std::atomic<std::uint64_t> dropped{0};
  std::uint64_t written = 0;
  std::string received;
  auto log = std::make_unique<AuditLog>(config_for(fifo), std::nullopt, [&](std::uint64_t n) { dropped += n; });
  for (; dropped == 0; ++written) log->write(event_of("flood"));  // nobody reads: first the pipe is full, then the queue
  fcntl(reader, F_SETFL, 0);
  std::thread drain([&] {
    char bytes[65536];
    for (ssize_t n = 0; (n = read(reader, bytes, sizeof bytes)) > 0;) received.append(bytes, static_cast<std::size_t>(n));
  });
  log.reset();
  drain.join();
  close(reader);
  EXPECT_EQ(whole_lines_in(received) + dropped, written);
}

TEST(AuditLogTest, ManyThreadsWriteWholeLines) {
  const TemporaryDirectory directory;
  std::atomic<std::uint64_t> dropped{0};
  {
    AuditLog log(config_for(directory.file("audit")), {}, [&](std::uint64_t n) { dropped += n; });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 1000; ++i) log.write(event_of(std::to_string(t)));
      });
    }
    for (int i = 0; i < 50; ++i) log.newest(10);
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(whole_lines_in(read_whole(directory.file("audit"))) + dropped, 4000u);
}

AuditConfig denying(const std::string& file) {
  AuditConfig config = config_for(file);
  config.on_overflow = AuditConfig::Overflow::kDeny;
  return config;
}

TEST(AuditLogTest, NothingIsRefusedWhereEventsMayBeDropped) {
  AuditLog log(config_for("/dev/full"), {}, nullptr);
  log.write(event_of("a"));
  log.flush();
  EXPECT_FALSE(log.refuses().load());
  EXPECT_FALSE(log.state().takes_lines);
}

TEST(AuditLogTest, AFullDiskRefusesAndKeepsWhatWasLetThrough) {
  std::atomic<std::uint64_t> dropped{0};
  AuditLog log(denying("/dev/full"), {}, [&](std::uint64_t n) { dropped += n; });
  EXPECT_FALSE(log.refuses().load());
  for (const char* user : {"a", "b", "c"}) log.write(event_of(user));
  log.flush();
  EXPECT_TRUE(log.refuses().load());
  EXPECT_EQ(dropped, 0u);
}

TEST(AuditLogTest, WhatWasLetThroughIsWrittenByItselfOnceTheFileTakesIt) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  std::atomic<std::uint64_t> dropped{0};
  std::uint64_t written = 0;
  auto log = std::make_unique<AuditLog>(denying(fifo), std::nullopt, [&](std::uint64_t n) { dropped += n; });
  for (; !log->refuses(); ++written) log->write(event_of("flood"));
  EXPECT_EQ(dropped, 0u) << "there is room for what is decided meanwhile";
  for (std::size_t i = 0; i < 100; ++i, ++written) log->write(event_of("late"));
  std::string received;
  char bytes[65536];
  while (log->refuses()) {
    const ssize_t n = read(reader, bytes, sizeof bytes);
    if (n > 0) received.append(bytes, static_cast<std::size_t>(n));
  }
  fcntl(reader, F_SETFL, 0);
  std::thread drain([&] {
    for (ssize_t n = 0; (n = read(reader, bytes, sizeof bytes)) > 0;) received.append(bytes, static_cast<std::size_t>(n));
  });
  log.reset();
  drain.join();
  close(reader);
  EXPECT_EQ(dropped, 0u);
  EXPECT_EQ(whole_lines_in(received), written);
}

TEST(AuditLogTest, WhatTheFileNeverTookIsCountedAtTheEnd) {
  std::atomic<std::uint64_t> dropped{0};
  {
    AuditLog log(denying("/dev/full"), {}, [&](std::uint64_t n) { dropped += n; });
    for (int i = 0; i < 10; ++i) log.write(event_of("a"));
  }
  EXPECT_EQ(dropped, 10u);
}

TEST(AuditLogTest, WhetherItRefusesMayChangeWhileItRuns) {
  AuditLog log(denying("/dev/full"), {}, nullptr);
  log.write(event_of("a"));
  log.flush();
  ASSERT_TRUE(log.refuses().load());
  log.adopt(config_for("/dev/full"));
  EXPECT_FALSE(log.refuses().load());
}

TEST(AuditLogTest, WhatWasDroppedIsToldByALineOfItsOwn) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  std::atomic<std::uint64_t> dropped{0};
  auto log = std::make_unique<AuditLog>(config_for(fifo), std::nullopt, [&](std::uint64_t n) { dropped += n; });
  while (dropped == 0) log->write(event_of("flood"));
  fcntl(reader, F_SETFL, 0);
  std::string received;
  std::thread drain([&] {
    char bytes[65536];
    for (ssize_t n = 0; (n = read(reader, bytes, sizeof bytes)) > 0;) received.append(bytes, static_cast<std::size_t>(n));
  });
  do {  // as long as the pipe may still be full for a moment
    log->write(event_of("after"));
    log->flush();
  } while (!log->state().takes_lines);
  log.reset();
  drain.join();
  close(reader);
  std::uint64_t told = 0;
  std::istringstream lines(received);
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line, nullptr, false);
    if (event.is_object() && event["reason"] == "dropped") told += std::stoull(event["detail"].get<std::string>());
  }
  EXPECT_EQ(told, dropped);
}

TEST(AuditLogTest, TextsOfAnyLengthAreBounded) {
  AuditLog log(config_for(""), {}, nullptr);
  AuditEvent event = event_of(std::string(1 << 20, 'u'));
  event.key = std::string(1 << 20, 'k');
  log.write(event);
  log.flush();
  EXPECT_LT(log.newest(1).size(), 1000u);
}

// A limit on file size stands for a disk that fills up in the middle of a line, and has room again later.
void fill_the_disk(const std::string& path) {
  AuditFile file(path);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{25, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &tight);
  const AuditFile::Outcome lost = file.append("0123456789\n0123456789\n0123456789\n0123456789\n");
  const rlimit roomy{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &roomy);
  const AuditFile::Outcome fine = file.append("later\n");
  const bool as_expected = lost.lines_lost == 2 && lost.error == std::errc::file_too_large && fine.lines_lost == 0 && !fine.error &&
                           read_whole(path) == "0123456789\n0123456789\nlater\n";
  _exit(as_expected ? 0 : 1);
}

TEST(AuditFileTest, ALineIsInTheFileWholeOrNotAtAll) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(fill_the_disk(directory.file("audit")), testing::ExitedWithCode(0), "");
}

TEST(AuditFileTest, ATornLineInAPipeIsEndedBeforeTheNext) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  AuditFile file(fifo);
  const std::string big = std::string(200'000, 'x') + "\n";
  EXPECT_EQ(file.append(big).lines_lost, 1u);
  std::string received(300'000, '\0');
  const ssize_t torn = read(reader, received.data(), received.size());
  ASSERT_GT(torn, 0);
  EXPECT_EQ(file.append("next\n").lines_lost, 0u);
  const ssize_t rest = read(reader, received.data(), received.size());
  EXPECT_EQ(received.substr(0, static_cast<std::size_t>(rest)), "\nnext\n");
  close(reader);
}

TEST(AuditFileTest, APipeWithoutAReaderIsAnErrorNotASignal) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THROW(AuditFile{fifo}, std::system_error);
}

}  // namespace
}  // namespace respgate::proxy
