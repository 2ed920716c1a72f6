#include "proxy/audit/audit_verifier.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/audit/chained_lines.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Lines = std::vector<std::string>;

ChainedLines five_lines() {
  ChainedLines chain;
  for (const char* user : {"a", "b", "c", "d"}) chain.add_user(user);
  return chain;
}

TEST(AuditVerifierTest, AWholeChainHasNoFault) {
  ChainedLines chain = five_lines();
  EXPECT_THAT(faults_in({joined(chain.lines())}), IsEmpty());
  EXPECT_THAT(faults_in({joined(chain.lines())}, ClaimedHead{chain.head().position, chain.head().value}), IsEmpty());
}

TEST(AuditVerifierTest, EveryByteThatIsAnotherIsFound) {
  ChainedLines chain = five_lines();
  const std::string whole = joined(chain.lines());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {1, 2, 4, 8, 16, 32, 64, 128}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      ASSERT_THAT(faults_in({changed}), Not(IsEmpty())) << "byte " << at << ", bit " << bit;
    }
  }
}

TEST(AuditVerifierTest, EveryByteThatIsMissingOrNewIsFound) {
  ChainedLines chain = five_lines();
  const std::string whole = joined(chain.lines());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string shorter = whole, longer = whole;
    shorter.erase(at, 1);
    longer.insert(at, 1, 'x');
    ASSERT_THAT(faults_in({shorter}), Not(IsEmpty())) << "byte " << at;
    ASSERT_THAT(faults_in({longer}), Not(IsEmpty())) << "byte " << at;
  }
}

TEST(AuditVerifierTest, AChangedLineIsNamedAndNoOther) {
  ChainedLines chain = five_lines();
  Lines lines = chain.lines();
  lines[2].replace(lines[2].find("\"user\":\"b\""), 10, "\"user\":\"x\"");
  EXPECT_THAT(faults_in({joined(lines)}), ElementsAre("3: was changed, or sealed with another key"));
  lines = chain.lines();
  char& digit = lines[2][lines[2].size() - 4];  // of its chain value
  digit = digit == '0' ? '1' : '0';
  EXPECT_THAT(faults_in({joined(lines)}), ElementsAre("3: was changed, or sealed with another key"));
}

TEST(AuditVerifierTest, EveryLineThatIsRemovedIsFoundButTheLast) {
  ChainedLines chain = five_lines();
  for (std::size_t removed = 1; removed + 1 < chain.lines().size(); ++removed) {
    Lines lines = chain.lines();
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(removed));
    EXPECT_THAT(faults_in({joined(lines)}),
                ElementsAre(std::to_string(removed + 1) + ": lines are missing before it: seq " + std::to_string(removed + 1)));
  }
}

TEST(AuditVerifierTest, ACutHeadIsFoundWhereverItIsCut) {
  ChainedLines chain = five_lines();
  for (std::size_t cut = 1; cut < chain.lines().size(); ++cut) {
    const Lines lines(chain.lines().begin() + static_cast<std::ptrdiff_t>(cut), chain.lines().end());
    EXPECT_THAT(faults_in({joined(lines)}), ElementsAre(HasSubstr("1: what was before it is cut off"))) << cut;
  }
}

TEST(AuditVerifierTest, ACutTailIsFoundByWhoKnowsTheHead) {
  ChainedLines chain = five_lines();
  for (std::size_t left = 1; left < chain.lines().size(); ++left) {
    const Lines lines(chain.lines().begin(), chain.lines().begin() + static_cast<std::ptrdiff_t>(left));
    EXPECT_THAT(faults_in({joined(lines)}), IsEmpty()) << "a whole chain, as far as it goes";
    EXPECT_THAT(faults_in({joined(lines)}, ClaimedHead{5, {}}), ElementsAre(HasSubstr("0: the end is cut off: seq "))) << left;
  }
  EXPECT_THAT(faults_in({joined({chain.lines().begin(), chain.lines().end() - 1})}, ClaimedHead{5, {}}),
              ElementsAre("0: the end is cut off: seq 5 of the head"));
}

TEST(AuditVerifierTest, ATailThatIsCutWithinALineIsFound) {
  ChainedLines chain = five_lines();
  const std::string whole = joined(chain.lines());
  for (std::size_t left = 1; left < whole.size(); ++left) {
    if (whole[left - 1] == '\n') continue;
    EXPECT_THAT(faults_in({whole.substr(0, left)}), ElementsAre(HasSubstr("the file ends within this line"))) << left;
  }
}

TEST(AuditVerifierTest, AHeadWithAnotherValueIsNotTheOne) {
  ChainedLines chain = five_lines();
  EXPECT_THAT(faults_in({joined(chain.lines())}, ClaimedHead{5, sha256_of("other")}),
              ElementsAre(HasSubstr("5: is not the line that the head names")));
  EXPECT_THAT(faults_in({joined(chain.lines())}, ClaimedHead{3, {}}), IsEmpty()) << "lines that came since are no fault";
}

TEST(AuditVerifierTest, AHeadOfBeforeTheFirstFileIsInNoneOfThem) {
  ChainedLines chain = five_lines();
  chain.add_opening();
  EXPECT_THAT(faults_in({chain.lines().back()}, ClaimedHead{3, {}}), ElementsAre("0: seq 3 of the head is in none of the files"));
}

TEST(AuditVerifierTest, LinesThatChangedPlacesAreFound) {
  ChainedLines chain = five_lines();
  for (std::size_t first = 0; first < chain.lines().size(); ++first) {
    for (std::size_t second = first + 1; second < chain.lines().size(); ++second) {
      Lines lines = chain.lines();
      std::swap(lines[first], lines[second]);
      EXPECT_THAT(faults_in({joined(lines)}), Not(IsEmpty())) << first << " and " << second;
    }
  }
}

TEST(AuditVerifierTest, ASecondCopyOfALineIsFoundWhereverItIsPut) {
  ChainedLines chain = five_lines();
  for (std::size_t copied = 0; copied < chain.lines().size(); ++copied) {
    for (std::size_t at = 0; at <= chain.lines().size(); ++at) {
      Lines lines = chain.lines();
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), chain.lines()[copied]);
      EXPECT_THAT(faults_in({joined(lines)}), Not(IsEmpty())) << copied << " at " << at;
    }
  }
}

TEST(AuditVerifierTest, LinesOfSomebodyElseAreFound) {
  ChainedLines chain = five_lines();
  for (const std::string& foreign : {std::string("\n"), std::string("{\"user\":\"x\"}\n"), std::string("garbage\n")}) {
    for (std::size_t at = 0; at <= chain.lines().size(); ++at) {
      Lines lines = chain.lines();
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), foreign);
      EXPECT_THAT(faults_in({joined(lines)}),
                  ElementsAre(std::to_string(at + 1) + ": is of no chain: it was changed, torn, or written by something else"));
    }
  }
}

TEST(AuditVerifierTest, AnotherKeyFitsNoLine) {
  ChainedLines chain = five_lines();
  EXPECT_EQ(faults_in({joined(chain.lines())}, {}, AuditKey("another key altogether")).size(), 5u);
}

TEST(AuditVerifierTest, TheOldestFileMayBeAnyThatBeginsAsFilesDo) {
  ChainedLines chain = five_lines();
  const std::string first = joined(chain.lines());
  chain.lines().clear();
  chain.add_opening();
  chain.add_user("e");
  const std::string second = joined(chain.lines());
  chain.lines().clear();
  chain.add_opening();
  const std::string third = joined(chain.lines());
  EXPECT_THAT(faults_in({first, second, third}), IsEmpty());
  EXPECT_THAT(faults_in({second, third}), IsEmpty()) << "older files are removed in time";
  EXPECT_THAT(faults_in({third}), IsEmpty());
  EXPECT_THAT(faults_in({first, third}), ElementsAre("1: lines are missing before it: seq 6 to 7"));
  EXPECT_THAT(faults_in({second, first}), Not(IsEmpty()));
  EXPECT_THAT(faults_in({first, second, second}), Not(IsEmpty()));
}

TEST(AuditVerifierTest, ATornLineThatTheChainTellsOfIsNoFault) {
  ChainedLines chain = five_lines();
  const std::string torn = "{\"time\":\"2026";
  const ChainNote note{ChainNote::Kind::kTorn, chain.head(), torn.size(), sha256_of(torn), {}};
  const std::string before = joined(chain.lines());
  chain.lines().clear();
  chain.add(event_of(note));
  const std::string after = joined(chain.lines());
  EXPECT_THAT(faults_in({before + torn + "\n" + after}), IsEmpty());
  EXPECT_THAT(faults_in({before + after}), ElementsAre(HasSubstr("6: tells of a torn line of 13 bytes before it, which is not there")));
  std::string changed = torn;
  changed.back() = '5';
  EXPECT_EQ(faults_in({before + changed + "\n" + after}).size(), 2u);
  EXPECT_EQ(faults_in({before + torn + "\n" + torn + "\n" + after}).size(), 1u);
}

TEST(AuditVerifierTest, AChainThatHadToBeginAnewIsToldWithItsReason) {
  ChainedLines chain;
  ChainSealer sealer(kTestKey);
  ChainHead head;
  std::string broken = plain_line(event_of(ChainNote{ChainNote::Kind::kBroken, {}, 0, {}, "the last line of audit has no chain"}));
  sealer.seal(broken, head);
  EXPECT_THAT(faults_in({chain.lines().front() + broken}), ElementsAre("2: a new chain begins here: the last line of audit has no chain"));
  EXPECT_THAT(faults_in({broken}), ElementsAre("1: a new chain begins here: the last line of audit has no chain"));
  EXPECT_THAT(faults_in({chain.lines().front() + chain.lines().front()}),
              ElementsAre(HasSubstr("2: a new chain begins here, which nothing ties")));
}

TEST(ChainNoteTest, WhatIsWrittenIsReadBack) {
  const ChainHead head{41, sha256_of("x")};
  using Kind = ChainNote::Kind;
  for (const ChainNote& note : {ChainNote{}, ChainNote{Kind::kOpened, head, 0, {}, {}}, ChainNote{Kind::kContinued, head, 0, {}, {}},
                                ChainNote{Kind::kTorn, head, 57, sha256_of("y"), {}}, ChainNote{Kind::kBroken, {}, 0, {}, "why"}}) {
    const auto read = read_chain_note(plain_line(event_of(note)));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, note.kind);
    EXPECT_EQ(read->follows, note.follows);
    EXPECT_EQ(read->torn_bytes, note.torn_bytes);
    EXPECT_EQ(read->torn_hash, note.torn_hash);
    EXPECT_EQ(read->why, note.why);
  }
}

TEST(ChainNoteTest, NoEventOfAClientIsTakenForOne) {
  AuditEvent event;
  event.user = "x\",\"kind\":\"audit\",\"reason\":\"started\",\"detail\":\"";
  EXPECT_FALSE(read_chain_note(plain_line(event)));
}

TEST(ClaimedHeadTest, IsASeqWithOrWithoutItsChain) {
  const ChainHead head{41, sha256_of("x")};
  EXPECT_EQ(read_claimed_head("41")->position, 41u);
  EXPECT_FALSE(read_claimed_head("41")->value);
  EXPECT_EQ(read_claimed_head(to_text(head))->value, head.value);
  for (const char* other : {"", "0", "x", "41:", "41:abc", "-1", "41 "}) EXPECT_FALSE(read_claimed_head(other)) << other;
}

}  // namespace
}  // namespace respgate::proxy
