#include "acl/command_renames.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::acl {
namespace {

using Status = protocol::CommandLookup::Status;

class CommandRenamesTest : public testing::Test {
 protected:
  // "config|get", "unknown", or "no subcommand of config"
  std::string find(const std::vector<std::string_view>& args) const {
    const protocol::CommandLookup lookup = renames_.find(args);
    if (lookup.status == Status::kUnknownCommand) return "unknown";
    if (lookup.status == Status::kUnknownSubcommand) return "no subcommand of " + std::string(lookup.spec->name);
    return std::string(lookup.spec->name);
  }

  const std::vector<RenameText> texts_{{"CONFIG", "cfg-9d1f"}, {"KEYS", ""}, {"GET", "Fetch"}};
  const CommandRenames renames_{texts_};
};

TEST_F(CommandRenamesTest, NewNamesAreFoundInAnyCaseUnderTheirOwnSpec) {
  EXPECT_EQ(find({"fetch", "k"}), "get");
  EXPECT_EQ(find({"FETCH", "k"}), "get");
}

TEST_F(CommandRenamesTest, OldNamesAreUnknown) {
  EXPECT_EQ(find({"GET", "k"}), "unknown");
  EXPECT_EQ(find({"config", "get", "x"}), "unknown");
}

TEST_F(CommandRenamesTest, WhatIsRenamedToNothingIsGone) { EXPECT_EQ(find({"KEYS", "*"}), "unknown"); }

TEST_F(CommandRenamesTest, ContainersMoveWithAllTheirSubcommands) {
  EXPECT_EQ(find({"cfg-9d1f", "GET", "x"}), "config|get");
  EXPECT_EQ(find({"cfg-9d1f"}), "config");
  EXPECT_EQ(find({"cfg-9d1f", "nosuch"}), "no subcommand of config");
}

TEST_F(CommandRenamesTest, OthersAreFoundAsEver) {
  EXPECT_EQ(find({"SET", "k", "v"}), "set");  // of the length of GET
  EXPECT_EQ(find({"PING"}), "ping");          // of the length of KEYS
  EXPECT_EQ(find({"incrbyfloat"}), "incrbyfloat");
  EXPECT_EQ(find({std::string_view("get\0", 4)}), "unknown");
  EXPECT_EQ(find({std::string(100, 'x')}), "unknown");
  EXPECT_EQ(find({}), "unknown");
  EXPECT_FALSE(renames_.empty());
  EXPECT_TRUE(CommandRenames().empty());
}

}  // namespace
}  // namespace respgate::acl
