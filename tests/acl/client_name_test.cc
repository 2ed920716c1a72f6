// Under which name clients find a command once some are renamed.

#include <vector>

#include <gtest/gtest.h>

#include "acl/command_renames.h"

namespace respgate::acl {
namespace {

std::string name_of(const CommandRenames& renames, std::string_view command) {
  return renames.client_name(*protocol::find_command_by_name(command));
}

TEST(ClientNameTest, WithoutRenamesEveryCommandHasItsOwn) {
  for (const protocol::CommandSpec& spec : protocol::all_commands()) EXPECT_EQ(CommandRenames().client_name(spec), spec.name);
}

TEST(ClientNameTest, ARenamedContainerRenamesItsSubcommands) {
  const CommandRenames renames(std::vector<RenameText>{{"CONFIG", "Cfg-9D1F"}});
  EXPECT_EQ(name_of(renames, "config"), "cfg-9d1f");
  EXPECT_EQ(name_of(renames, "config|set"), "cfg-9d1f|set");
  EXPECT_EQ(name_of(renames, "get"), "get");
}

TEST(ClientNameTest, ACommandThatIsGoneHasNone) {
  const CommandRenames renames(std::vector<RenameText>{{"FLUSHALL", ""}, {"CONFIG", ""}});
  EXPECT_EQ(name_of(renames, "flushall"), "");
  EXPECT_EQ(name_of(renames, "config|set"), "");
}

TEST(ClientNameTest, WhatClientsSayFindsTheCommand) {
  const CommandRenames renames(std::vector<RenameText>{{"GET", "fetch"}, {"CONFIG", "cfg-9d1f"}, {"PING", ""}});
  for (const protocol::CommandSpec& spec : protocol::all_commands()) {
    if (spec.container != protocol::kNoCommand || spec.name == "ping") continue;
    const std::string name = renames.client_name(spec);
    const std::string_view words[] = {name};
    EXPECT_EQ(renames.find(words).spec, &spec) << name;
  }
}

}  // namespace
}  // namespace respgate::acl
