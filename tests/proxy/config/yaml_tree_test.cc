#include "proxy/config/yaml_tree.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using testing::HasSubstr;

std::vector<ConfigError> errors_of(const std::string& text) {
  ErrorLog errors("f");
  parse_yaml(text, errors);
  return errors.take();
}

std::string error_of(const std::string& text) {
  const auto errors = errors_of(text);
  EXPECT_EQ(errors.size(), 1u) << text;
  return errors.empty() ? "" : to_string(errors.front());
}

YamlNode tree_of(const std::string& text) {
  ErrorLog errors("f");
  auto tree = parse_yaml(text, errors);
  for (const ConfigError& error : errors.take()) ADD_FAILURE() << to_string(error);
  return tree ? *tree : YamlNode{};
}

TEST(YamlTreeTest, EverythingKnowsItsPlace) {
  const YamlNode root = tree_of("a: 1\nlist:\n  - x\n  - {deep: \"y\"}\n");
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].key_at, (Position{1, 1}));
  EXPECT_EQ(root.entries[0].value.at, (Position{1, 4}));
  const YamlNode& list = root.entries[1].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].at, (Position{3, 5}));
  EXPECT_EQ(list.items[1].entries[0].value.at, (Position{4, 12}));
}

TEST(YamlTreeTest, QuotedTextIsToldFromPlainText) {
  const YamlNode root = tree_of("a: 5\nb: \"5\"\nc: '5'\n");
  EXPECT_FALSE(root.entries[0].value.quoted);
  EXPECT_TRUE(root.entries[1].value.quoted);
  EXPECT_TRUE(root.entries[2].value.quoted);
}

TEST(YamlTreeTest, AValueThatIsMissingIsPlacedAtItsKey) {
  const YamlNode root = tree_of("a:\n\n\nb: 1\n");
  EXPECT_EQ(root.entries[0].value.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.entries[0].value.at, (Position{1, 1}));
}

TEST(YamlTreeTest, NothingAndCommentsAloneAreAnEmptyMap) {
  for (const char* text : {"", "\n", "# only a comment\n"}) {
    const YamlNode root = tree_of(text);
    EXPECT_EQ(root.kind, YamlNode::Kind::kMap);
    EXPECT_TRUE(root.entries.empty());
  }
}

TEST(YamlTreeTest, DuplicateKeysAreRefusedWhereTheSecondStands) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "f:3:1: duplicate key 'a', first written in line 1: remove one of them");
}

TEST(YamlTreeTest, DuplicateKeysAreRefusedAtAnyDepth) {
  EXPECT_THAT(error_of("a: [{b: {c: 1, c: 2}}]"), HasSubstr("f:1:16: duplicate key 'c'"));
}

TEST(YamlTreeTest, TheSameKeyInTwoMapsIsNoDuplicate) { tree_of("a: {x: 1}\nb: {x: 1}\n"); }

TEST(YamlTreeTest, AnchorsAndAliasesAreRefused) {
  const auto errors = errors_of("a: &x 1\nb: *x\n");
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_THAT(to_string(errors[0]), HasSubstr("f:1:4: anchors"));
  EXPECT_THAT(to_string(errors[1]), HasSubstr("f:2:4: aliases"));
}

TEST(YamlTreeTest, MergeKeysAreRefused) { EXPECT_THAT(error_of("a: {<<: {b: 1}}"), HasSubstr("f:1:5: merge keys")); }

TEST(YamlTreeTest, TagsAreRefused) {
  EXPECT_THAT(error_of("a: !!str 5"), HasSubstr("f:1:4: tags"));
  EXPECT_THAT(error_of("a: !mine [1]"), HasSubstr("f:1:4: tags"));
  EXPECT_THAT(error_of("a: !mine {b: 1}"), HasSubstr("f:1:4: tags"));
}

TEST(YamlTreeTest, ASecondDocumentIsRefused) { EXPECT_THAT(error_of("a: 1\n---\nb: 2\n"), HasSubstr("f:3:1: a second document")); }

TEST(YamlTreeTest, VariablesAreRefusedWithTheWayThatSecretsCome) {
  EXPECT_THAT(error_of("a: \"${PASSWORD}\"\n"), HasSubstr("f:1:4: variables (${NAME}) are not expanded"));
  EXPECT_THAT(error_of("a: [x, \"pre${B}post\"]\n"), HasSubstr("f:1:8: variables"));
}

TEST(YamlTreeTest, AKeyThatIsNoTextIsRefused) {
  EXPECT_THAT(error_of("? [a, b]\n: c\n"), HasSubstr("a key is missing"));
  EXPECT_THAT(error_of("\"\": c\n"), HasSubstr("a key is missing"));
}

TEST(YamlTreeTest, WhatIsNotYamlIsOneErrorWithItsPlace) {
  EXPECT_THAT(error_of("a: [1, 2\nb: 3\n"), HasSubstr("f:2:2: not YAML"));
  EXPECT_THAT(error_of("a: 1\n\tb: 3\n"), HasSubstr("f:2:1: not YAML"));
}

TEST(YamlTreeTest, AQuoteThatIsNeverClosedDoesNotTakeTheRestOfTheFile) {
  for (const char* text : {"a: \"open\n", "a: \"open\nb: 2\nc: 3\n\n", "a: 'open\nb: 2\n", "a: [\"open\n"}) {
    EXPECT_THAT(error_of(text), HasSubstr("not YAML")) << text;
  }
}

TEST(YamlTreeTest, ANulByteIsRefusedWhereItStands) {
  EXPECT_THAT(error_of(std::string("a: 1\nb: \0\n", 10)), HasSubstr("f:2:4: a NUL byte"));
}

TEST(YamlTreeTest, DepthIsBounded) {
  EXPECT_THAT(error_of(std::string(100, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("not YAML"));
  std::string blocks;
  for (int i = 0; i < 100; ++i) blocks += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(error_of(blocks), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace respgate::proxy
