#include "proxy/session/denial_record.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using Reason = AclLogEntry::Reason;

AclLogEntry entry(Reason reason, std::string object) {
  AclLogEntry made;
  made.reason = reason;
  made.object = std::move(object);
  return made;
}

TEST(DenialRecordTest, EachReasonHasItsTotalAndCertificatesAreLogins) {
  DenialRecord record;
  const std::pair<Reason, int> noted[] = {{Reason::kCommand, 1},  {Reason::kKey, 2},  {Reason::kChannel, 3},
                                          {Reason::kDatabase, 4}, {Reason::kAuth, 5}, {Reason::kCertificate, 6}};
  for (const auto& [reason, times] : noted)
    for (int i = 0; i < times; ++i) record.note(entry(reason, "x"));
  const DenialTotals totals = record.totals();
  EXPECT_EQ(totals.command, 1u);
  EXPECT_EQ(totals.key, 2u);
  EXPECT_EQ(totals.channel, 3u);
  EXPECT_EQ(totals.database, 4u);
  EXPECT_EQ(totals.auth, 11u);
  EXPECT_EQ(totals.certificate, 6u);
}

TEST(DenialRecordTest, ForgettingKeepsTheTotals) {
  DenialRecord record;
  record.note(entry(Reason::kKey, "x"));
  record.forget();
  EXPECT_TRUE(record.newest(10).empty());
  EXPECT_EQ(record.totals().key, 1u);
}

TEST(DenialRecordTest, NothingIsLostBetweenThreads) {
  DenialRecord record;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&record, thread] {
      for (int i = 0; i < 500; ++i) {
        record.note(entry(Reason::kKey, std::to_string(thread)));
        (void)record.newest(AclLog::kMost);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(record.totals().key, 2000u);
  std::uint64_t counted = 0;
  for (const AclLogEntry& one : record.newest(AclLog::kMost)) counted += one.count;
  EXPECT_EQ(counted, 2000u);
  EXPECT_EQ(record.newest(AclLog::kMost).size(), 4u);
}

}  // namespace
}  // namespace respgate::proxy
