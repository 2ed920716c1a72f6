#include "proxy/audit/audit_chain.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/proxy/audit/chained_lines.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

TEST(AuditChainTest, ASealedLineIsJsonWithItsPlaceAndItsChainValue) {
  ChainSealer sealer(kTestKey);
  ChainHead head;
  std::string line = "{\"user\":\"a\"}\n";
  sealer.seal(line, head);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["seq"], 1);
  EXPECT_EQ(parsed["chain"], to_hex(head.value));
  EXPECT_EQ(line.back(), '\n');
}

// python3 -c 'import hmac; print(hmac.new(b"0123456789abcdef0123456789abcdef", bytes(32) + b"{\"user\":\"a\",\"seq\":1",
// "sha256").hexdigest())'
TEST(AuditChainTest, TheValueIsHmacSha256OfTheValueBeforeAndTheText) {
  ChainSealer sealer(kTestKey);
  EXPECT_EQ(to_hex(sealer.value_of({}, "{\"user\":\"a\",\"seq\":1")), "814c4da8ab0a9f0332ad3f03e4fd7a6d9bd43539f7c2e7bc6c3f944d3a787689");
}

TEST(AuditChainTest, EqualLinesHaveOtherValuesInOtherPlaces) {
  ChainSealer sealer(kTestKey);
  ChainHead head;
  std::string first = "{\"user\":\"a\"}\n", second = first;
  sealer.seal(first, head);
  const ChainHead before = head;
  sealer.seal(second, head);
  EXPECT_EQ(head.position, 2u);
  EXPECT_NE(head.value, before.value);
}

TEST(AuditChainTest, WhatIsSealedIsReadBack) {
  ChainSealer sealer(kTestKey);
  ChainHead head;
  std::string line = "{\"user\":\"a\"}\n";
  sealer.seal(line, head);
  line.pop_back();
  const auto read = read_sealed(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->position, 1u);
  EXPECT_EQ(read->value, head.value);
  EXPECT_TRUE(sealer.follows(*read, {}));
  EXPECT_FALSE(sealer.follows(*read, head.value));
}

TEST(AuditChainTest, OnlyOneSpellingIsOfAChain) {
  const std::string hex(64, 'a');
  const auto line = [](const std::string& seq, const std::string& chain) {
    return "{\"user\":\"a\",\"seq\":" + seq + ",\"chain\":\"" + chain + "\"}";
  };
  EXPECT_TRUE(read_sealed(line("12", hex)));
  const std::vector<std::string> others{
      "",
      "{}",
      "{\"user\":\"a\"}",
      line("0", hex),
      line("012", hex),
      line("+1", hex),
      line("", hex),
      line("99999999999999999999", hex),
      line("12", std::string(64, 'A')),
      line("12", std::string(63, 'a')),
      line("12", std::string(65, 'a')),
      line("12", std::string(64, 'g')),
      line("12", hex) + " ",
      line("12", hex) + "}",
  };
  for (const std::string& other : others) EXPECT_FALSE(read_sealed(other)) << other;
}

TEST(AuditChainTest, AHeadIsReadAsItIsWritten) {
  const ChainHead head{41, sha256_of("x")};
  EXPECT_EQ(read_chain_head(to_text(head)), head);
  for (const std::string& other : {std::string("41"), ":" + to_hex(head.value), "0:" + to_hex(head.value), to_text(head) + "0"})
    EXPECT_FALSE(read_chain_head(other)) << other;
}

TEST(AuditKeyTest, TheKeyIsTheFileButForWhiteSpaceAtItsEnd) {
  const TemporaryDirectory directory;
  const auto key = AuditKey::from_file(directory.write("key", "0123456789abcdef0123456789abcdef \r\n"));
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, kTestKey);
}

TEST(AuditKeyTest, AShortKeyAndAFileOfOthersAreRefused) {
  const TemporaryDirectory directory;
  const auto is_refused = [](const std::string& file) { return !AuditKey::from_file(file); };
  EXPECT_TRUE(is_refused(directory.write("short", "0123456789abcde\n")));
  EXPECT_TRUE(is_refused(directory.write("empty", "")));
  EXPECT_TRUE(is_refused(directory.write("open", "0123456789abcdef\n", 0622)));
  EXPECT_TRUE(is_refused(directory.file("missing")));
  EXPECT_FALSE(is_refused(directory.write("good", "0123456789abcdef\n")));
}

}  // namespace
}  // namespace respgate::proxy
