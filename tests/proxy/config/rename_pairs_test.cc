#include "proxy/config/rename_pairs.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/config_text.h"

namespace respgate::proxy {
namespace {

using acl::RenameText;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<RenameText> renames(const std::string& value) { return good(with("commands: {rename: " + value + "}\n")).commands.rename; }

TEST(RenamePairsTest, ElastiCachesValueIsTakenAsItIs) {
  EXPECT_THAT(renames("\"flushall restrictedflushall keys blocked\""),
              ElementsAre(RenameText{"flushall", "restrictedflushall"}, RenameText{"keys", ""}));
  EXPECT_THAT(renames("flushall f1ush4ll"), ElementsAre(RenameText{"flushall", "f1ush4ll"}));
}

TEST(RenamePairsTest, ItsEmptyDefaultRenamesNothing) {
  EXPECT_THAT(renames("\"\""), IsEmpty());
  EXPECT_THAT(renames("\"  \""), IsEmpty());
}

TEST(RenamePairsTest, BlockedAndTheEmptyNameOfRedisConfMeanGone) {
  for (const char* gone : {"blocked", "BLOCKED", "\\\"\\\"", "''"})
    EXPECT_THAT(renames("\"keys " + std::string(gone) + "\""), ElementsAre(RenameText{"keys", ""})) << gone;
  EXPECT_THAT(renames("{KEYS: blocked, DEBUG: \"\"}"), ElementsAre(RenameText{"KEYS", ""}, RenameText{"DEBUG", ""}));
}

TEST(RenamePairsTest, BlanksOfAnyKindSeparate) {
  EXPECT_THAT(good(with("commands:\n  rename: >\n    flushall  a1\n    keys b2\n")).commands.rename,
              ElementsAre(RenameText{"flushall", "a1"}, RenameText{"keys", "b2"}));
}

TEST(RenamePairsTest, AWordWithoutItsPairIsNamed) {
  EXPECT_THAT(error_of(with("commands: {rename: \"flushall f1 keys\"}\n")),
              HasSubstr("r.yaml:4:20: commands.rename: 'keys' has no new name"));
}

TEST(RenamePairsTest, WhatCannotBeRenamedIsSaidAtTheValue) {
  EXPECT_THAT(error_of(with("commands: {rename: \"nosuch x\"}\n")), HasSubstr("r.yaml:4:12: commands.rename.nosuch: unknown command"));
  EXPECT_THAT(error_of(with("commands: {rename: \"config get\"}\n")), HasSubstr("is a command already"));
  EXPECT_THAT(error_of(with("commands: {rename: \"keys a1 KEYS a2\"}\n")), HasSubstr("is renamed twice"));
}

TEST(RenamePairsTest, TheServersOwnNamesAreReadTheSameWay) {
  const Config config = good(with_upstream("command_names: \"FLUSHALL f1ush4ll keys blocked\""));
  EXPECT_THAT(config.upstream.command_names, ElementsAre(RenameText{"flushall", "f1ush4ll"}, RenameText{"keys", ""}));
}

}  // namespace
}  // namespace respgate::proxy
