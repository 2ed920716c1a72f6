#include "proxy/audit/audit_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/proxy/audit/chained_lines.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What is told of each line: the user of an event, or the log's own reason.
std::vector<std::string> told_in(const std::string& text) {
  std::vector<std::string> told;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const auto event = nlohmann::json::parse(text.substr(begin, end - begin), nullptr, false);
    const bool is_own = event.is_object() && event.at("kind") == "audit";
    told.push_back(event.is_object() ? event.at(is_own ? "reason" : "user").get<std::string>() : "no line");
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return told;
}

class AuditWriterTest : public testing::Test {
 protected:
  AuditWriterTest() {
    config_.file = directory_.file("audit");
    config_.rotate = {0, 2};
  }

  AuditWriter open(const std::optional<AuditKey>& key = kTestKey, AuditWriter::Start start = AuditWriter::Start::kAlone) {
    return AuditWriter(config_, key, start, [this](std::uint64_t n) { lost_ += n; });
  }
  static void write(AuditWriter& writer, const std::vector<std::string>& users) {
    for (const std::string& user : users) {
      AuditEvent event;
      event.user = user;
      writer.add(plain_line(event));
    }
    writer.write();
  }
  // A process that writes these and ends.
  void run(const std::vector<std::string>& users, const std::optional<AuditKey>& key = kTestKey) {
    AuditWriter writer = open(key);
    write(writer, users);
  }
  std::string text(const std::string& name = "audit") const { return read_whole(directory_.file(name)); }
  std::vector<std::string> told(const std::string& name = "audit") const { return told_in(text(name)); }

  const TemporaryDirectory directory_;
  AuditConfig config_;
  std::uint64_t lost_ = 0;
};

TEST_F(AuditWriterTest, WithoutAKeyLinesAreAsTheyCame) {
  run({"a"}, std::nullopt);
  EXPECT_THAT(told(), ElementsAre("a"));
  EXPECT_EQ(text().find("chain"), std::string::npos);
}

TEST_F(AuditWriterTest, AChainGoesOnBehindARestart) {
  run({"a", "b"});
  run({"c"});
  run({});
  EXPECT_THAT(told(), ElementsAre("started", "a", "b", "continued", "c", "continued"));
  EXPECT_THAT(faults_in({text()}), IsEmpty());
}

TEST_F(AuditWriterTest, TheHeadIsThatOfTheLastLineInTheFile) {
  AuditWriter writer = open();
  EXPECT_EQ(writer.head(), ChainHead{});
  write(writer, {"a"});
  EXPECT_EQ(writer.head().position, 2u);
  EXPECT_THAT(faults_in({text()}, ClaimedHead{2, writer.head().value}), IsEmpty());
}

TEST_F(AuditWriterTest, ATornLastLineIsKeptAndToldOf) {
  run({"a"});
  const std::string whole = text();
  for (const std::size_t torn : {std::size_t{1}, std::size_t{40}, whole.size() - whole.find('\n') - 3}) {
    directory_.write("audit", whole + whole.substr(whole.find('\n') + 1, torn));
    run({"b"});
    EXPECT_THAT(told(), ElementsAre("started", "a", "no line", "torn", "b")) << torn;
    EXPECT_THAT(faults_in({text()}), IsEmpty()) << torn;
  }
}

TEST_F(AuditWriterTest, ALastLineWithoutItsNewlineIsWhole) {
  run({"a"});
  directory_.write("audit", text().substr(0, text().size() - 1));
  run({"b"});
  EXPECT_THAT(told(), ElementsAre("started", "a", "continued", "b"));
  EXPECT_THAT(faults_in({text()}), IsEmpty());
}

TEST_F(AuditWriterTest, AnotherKeyBeginsAnotherChainAndSaysSo) {
  run({"a"});
  run({"b"}, AuditKey("another key altogether"));
  EXPECT_THAT(told(), ElementsAre("started", "a", "broken", "b"));
  EXPECT_THAT(faults_in({text()}), testing::Contains(HasSubstr("3: a chain begins here that is sealed with another key")));
}

TEST_F(AuditWriterTest, LinesWithoutAChainAreABreak) {
  run({"a"}, std::nullopt);
  run({"b"});
  EXPECT_THAT(told(), ElementsAre("a", "broken", "b"));
  EXPECT_THAT(faults_in({text()}), ElementsAre(HasSubstr("1: is of no chain"), HasSubstr("2: a new chain begins here: the last line of")));
}

TEST_F(AuditWriterTest, AChangedLastLineIsABreak) {
  run({"a"});
  std::string changed = text();
  changed.replace(changed.find("\"user\":\"a\""), 10, "\"user\":\"x\"");
  directory_.write("audit", changed);
  run({"b"});
  EXPECT_THAT(told(), ElementsAre("started", "x", "broken", "b"));
}

TEST_F(AuditWriterTest, AFileOfSomebodyElseIsABreak) {
  for (const char* foreign : {"garbage", "garbage\n", "garbage\nmore"}) {
    directory_.write("audit", foreign);
    run({"b"});
    const std::vector<std::string> told_now = told();
    EXPECT_EQ(told_now[told_now.size() - 2], "broken") << foreign;
    EXPECT_EQ(told_now.back(), "b") << foreign;
  }
}

TEST_F(AuditWriterTest, AChainGoesOnInTheNextFile) {
  config_.rotate.size = 2000;
  AuditWriter writer = open();
  for (int i = 0; i < 30; ++i) write(writer, {std::to_string(i)});
  EXPECT_EQ(told("audit.2").front(), "opened") << "the oldest is gone, keep is 2";
  EXPECT_FALSE(std::filesystem::exists(directory_.file("audit.3")));
  EXPECT_EQ(told().front(), "opened");
  EXPECT_EQ(told().back(), "29");
  for (const char* name : {"audit", "audit.1", "audit.2"}) EXPECT_LT(text(name).size(), 2600u) << name;
  EXPECT_THAT(faults_in({text("audit.2"), text("audit.1"), text()}, ClaimedHead{writer.head().position, writer.head().value}), IsEmpty());
}

TEST_F(AuditWriterTest, NoEventIsLostWhileFilesAreRotated) {
  config_.rotate = {2000, 100};
  std::vector<std::string> users;
  for (int i = 0; i < 100; ++i) users.push_back(std::to_string(i));
  run(users, std::nullopt);
  std::vector<std::string> found;
  for (int number = 100; number >= 0; --number)
    for (const std::string& user : told(number == 0 ? "audit" : "audit." + std::to_string(number))) found.push_back(user);
  EXPECT_EQ(found, users);
  EXPECT_EQ(lost_, 0u);
}

TEST_F(AuditWriterTest, AFileThatWasRotatedAwayBeforeARestartIsGoneOnFrom) {
  run({"a"});
  std::filesystem::rename(directory_.file("audit"), directory_.file("audit.1"));
  run({"b"});
  EXPECT_THAT(told(), ElementsAre("opened", "b"));
  EXPECT_THAT(faults_in({text("audit.1"), text()}), IsEmpty());
}

TEST_F(AuditWriterTest, ANewFileIsForTheReadersOfTheOld) {
  config_.rotate.size = 2000;
  directory_.write("audit", "", 0604);
  AuditWriter writer = open();
  for (int i = 0; i < 12; ++i) write(writer, {std::to_string(i)});
  ASSERT_TRUE(std::filesystem::exists(directory_.file("audit.1")));
  struct stat status {};
  ASSERT_EQ(stat(directory_.file("audit").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0604u);
}

TEST_F(AuditWriterTest, ARotationThatFailsGoesOnInTheOldFile) {
  config_.rotate = {2000, 1};
  std::filesystem::create_directories(directory_.file("audit.1/not empty"));
  AuditWriter writer = open();
  for (int i = 0; i < 12; ++i) write(writer, {std::to_string(i)});
  EXPECT_EQ(told().size(), 13u);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("audit.next")));
  EXPECT_THAT(faults_in({text()}), IsEmpty());
  EXPECT_EQ(lost_, 0u);
}

TEST_F(AuditWriterTest, AGapAmongTheRotatedFilesIsFilledAndNothingIsPushedOut) {
  config_.rotate = {2000, 3};
  directory_.write("audit.1", "one\n");
  directory_.write("audit.3", "three\n");
  AuditWriter writer = open(std::nullopt);
  for (int i = 0; i < 15; ++i) write(writer, {std::to_string(i)});
  EXPECT_EQ(text("audit.2"), "one\n");
  EXPECT_EQ(text("audit.3"), "three\n");
  EXPECT_EQ(told("audit.1").front(), "0");
}

TEST_F(AuditWriterTest, AFileThatWasMovedAwayIsOpenedAgainByItsName) {
  AuditWriter writer = open();
  write(writer, {"a"});
  std::filesystem::rename(directory_.file("audit"), directory_.file("audit-2026"));
  write(writer, {"b"});
  writer.reopen();
  write(writer, {"c"});
  EXPECT_THAT(told("audit-2026"), ElementsAre("started", "a", "b"));
  EXPECT_THAT(told(), ElementsAre("opened", "c"));
  EXPECT_THAT(faults_in({text("audit-2026"), text()}), IsEmpty());
}

TEST_F(AuditWriterTest, AFileThatWasDeletedIsBegunAnew) {
  AuditWriter writer = open();
  write(writer, {"a"});
  std::filesystem::remove(directory_.file("audit"));
  write(writer, {"b"});
  EXPECT_THAT(told(), ElementsAre("opened", "b"));
}

TEST_F(AuditWriterTest, LinesForADeletedFileThatCannotBeBegunAnewAreLostAndCounted) {
  const std::string folder = directory_.file("log");
  std::filesystem::create_directory(folder);
  config_.file = folder + "/audit";
  AuditWriter writer = open();
  write(writer, {"a"});
  std::filesystem::remove_all(folder);
  write(writer, {"b"});
  EXPECT_EQ(lost_, 1U);
  std::filesystem::create_directory(folder);
  write(writer, {"c"});
  EXPECT_EQ(lost_, 1U);
  EXPECT_THAT(told("log/audit"), ElementsAre("opened", "dropped", "c"));
}

TEST_F(AuditWriterTest, AFileThatIsStillThereIsKept) {
  AuditWriter writer = open();
  write(writer, {"a"});
  writer.reopen();
  write(writer, {"b"});
  EXPECT_THAT(told(), ElementsAre("started", "a", "b"));
}

TEST_F(AuditWriterTest, AFileHasOneWriter) {
  const AuditWriter writer = open();
  try {
    open();
    FAIL() << "opened";
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("audit.file " + config_.file + ": another process writes it"));
  }
}

TEST_F(AuditWriterTest, AFileIsFreeOnceItsWriterIsGone) {
  run({"a"});
  run({"b"});
  EXPECT_EQ(told().back(), "b");
}

TEST_F(AuditWriterTest, WhoTakesAnothersPlaceWaitsUntilItHasLeftTheFile) {
  AuditWriter before = open();
  write(before, {"a"});
  AuditWriter next = open(kTestKey, AuditWriter::Start::kBehindAnother);
  write(next, {"c"});
  EXPECT_TRUE(next.is_waiting());
  EXPECT_FALSE(next.write());
  write(before, {"b"});
  before.leave();
  write(before, {"lost"});
  EXPECT_EQ(lost_, 1u);
  EXPECT_TRUE(next.write());
  EXPECT_FALSE(next.is_waiting());
  EXPECT_THAT(told(), ElementsAre("started", "a", "b", "continued", "c"));
  EXPECT_THAT(faults_in({text()}), IsEmpty());
  EXPECT_EQ(lost_, 1u);
}

TEST_F(AuditWriterTest, WhoTakesAnothersPlaceIsToldOfEveryOtherFault) {
  config_.file = directory_.file("missing/audit");
  EXPECT_THROW(open(kTestKey, AuditWriter::Start::kBehindAnother), std::system_error);
}

TEST_F(AuditWriterTest, ARotatedFileIsWrittenByNobody) {
  config_.rotate.size = 2000;
  AuditWriter writer = open();
  for (int i = 0; i < 12; ++i) write(writer, {std::to_string(i)});
  EXPECT_NO_THROW(AuditFile(directory_.file("audit.1")));
  EXPECT_THROW(AuditFile(directory_.file("audit")), std::system_error);
}

TEST_F(AuditWriterTest, WhatADiskDidNotTakeLeavesNoGapInTheChainAndIsTold) {
  config_.file = "/dev/full";
  AuditWriter writer = open();
  write(writer, {"a", "b"});
  EXPECT_EQ(lost_, 2u);
  EXPECT_FALSE(writer.is_file_good());
  EXPECT_EQ(writer.head(), ChainHead{}) << "nothing is in the file";
}

TEST_F(AuditWriterTest, WhatIsKeptComesFirstAndWhatWasDroppedIsToldBeforeIt) {
  config_.on_overflow = AuditConfig::Overflow::kDeny;
  config_.file = directory_.file("fifo");
  ASSERT_EQ(mkfifo(config_.file.c_str(), 0600), 0);
  const int reader = ::open(config_.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  AuditWriter writer = open();
  std::uint64_t written = 0;
  do write(writer, {std::to_string(written++)});
  while (writer.is_file_good());
  EXPECT_FALSE(writer.write()) << "it is still full";
  writer.note_dropped(3);
  std::string received;
  std::string bytes(200'000, '\0');
  while (!writer.write()) {
    const ssize_t n = read(reader, bytes.data(), bytes.size());
    if (n > 0) received.append(bytes, 0, static_cast<std::size_t>(n));
  }
  const ssize_t n = read(reader, bytes.data(), bytes.size());
  received.append(bytes, 0, static_cast<std::size_t>(n));
  close(reader);
  EXPECT_THAT(faults_in({received}), IsEmpty());
  const std::vector<std::string> told_all = told_in(received);
  EXPECT_EQ(std::count(told_all.begin(), told_all.end(), "dropped"), 1);
  EXPECT_EQ(told_all.back(), std::to_string(written - 1));
  EXPECT_EQ(lost_, 0u);
}

TEST_F(AuditWriterTest, LinesThatAPipeToreAreToldOfHoweverManyAndWhateverIsReopenedBetween) {
  config_.file = directory_.file("fifo");
  ASSERT_EQ(mkfifo(config_.file.c_str(), 0600), 0);
  const int reader = ::open(config_.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  AuditWriter writer = open();
  std::string received;
  const auto drain = [&] {
    std::string bytes(200'000, '\0');
    for (ssize_t n = 0; (n = read(reader, bytes.data(), bytes.size())) > 0;) received.append(bytes, 0, static_cast<std::size_t>(n));
  };
  const std::vector<std::string> more_than_it_holds(500, "u");
  for (const bool is_reopened : {false, true, true}) {
    write(writer, {"first"});
    write(writer, more_than_it_holds);
    EXPECT_FALSE(writer.is_file_good());
    drain();
    ASSERT_FALSE(received.ends_with('\n')) << "no line was torn";
    if (is_reopened) writer.reopen();
  }
  write(writer, {"last"});
  drain();
  close(reader);
  EXPECT_THAT(faults_in({received}), IsEmpty());
  const std::vector<std::string> told_all = told_in(received);
  EXPECT_EQ(std::count(told_all.begin(), told_all.end(), "torn"), 3);
  EXPECT_EQ(told_all.back(), "last");
}

TEST_F(AuditWriterTest, WhatIsGivenUpIsCounted) {
  config_.on_overflow = AuditConfig::Overflow::kDeny;
  config_.file = "/dev/full";
  AuditWriter writer = open();
  write(writer, {"a", "b"});
  EXPECT_EQ(lost_, 0u);
  writer.give_up();
  EXPECT_EQ(lost_, 2u);
}

}  // namespace
}  // namespace respgate::proxy
