// CLIENT, answered by the proxy.

#include <gtest/gtest.h>

#include "tests/proxy/local_caller.h"

namespace respgate::proxy {
namespace {

using protocol::RespVersion;

const LocalPolicy kPolicy{"user alice on nopass ~* +@all\n"};

LocalPolicy with_texts(acl::ServerTexts texts) {
  LocalPolicy policy = kPolicy;
  policy.options.texts = texts;
  return policy;
}

// The value of one field of a CLIENT LIST line.
std::string field(const std::string& line, const std::string& name) {
  const std::size_t at = (" " + line).find(" " + name + "=");
  if (at == std::string::npos) return "(absent)";
  const std::size_t from = at + name.size() + 1;
  return line.substr(from, line.find_first_of(" \n", from) - from);
}

TEST(LocalClientTest, IdIsTheConnectionsNumberInThisProxy) { EXPECT_EQ(LocalCaller(kPolicy, "alice").call({"CLIENT", "ID"}), ":7\r\n"); }

TEST(LocalClientTest, AConnectionWithoutANameSaysNull) {
  EXPECT_EQ(LocalCaller(kPolicy, "alice").call({"CLIENT", "GETNAME"}), "$-1\r\n");
  EXPECT_EQ(LocalCaller(kPolicy, "alice", RespVersion::kResp3).call({"CLIENT", "GETNAME"}), "_\r\n");
}

TEST(LocalClientTest, ANameStaysUntilAnEmptyOneTakesItAway) {
  LocalCaller caller(kPolicy, "alice");
  EXPECT_EQ(caller.call({"CLIENT", "SETNAME", "worker-1"}), "+OK\r\n");
  EXPECT_EQ(caller.call({"CLIENT", "GETNAME"}), "$8\r\nworker-1\r\n");
  EXPECT_EQ(caller.call({"CLIENT", "SETNAME", ""}), "+OK\r\n");
  EXPECT_EQ(caller.call({"CLIENT", "GETNAME"}), "$-1\r\n");
}

TEST(LocalClientTest, ANameThatWouldBreakTheListIsRefusedAndTheOldOneStays) {
  LocalCaller caller(kPolicy, "alice");
  caller.call({"CLIENT", "SETNAME", "old"});
  const std::string refusal = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
  for (const std::string_view name : {std::string_view("a b"), std::string_view("a\nb"), std::string_view("a\0b", 3),
                                      std::string_view("\x7f"), std::string_view("caf\xc3\xa9")}) {
    EXPECT_EQ(caller.call({"CLIENT", "SETNAME", name}), refusal);
  }
  EXPECT_EQ(caller.client.name, "old");
}

TEST(LocalClientTest, ANameIsBounded) {
  LocalCaller caller(kPolicy, "alice");
  EXPECT_EQ(caller.call({"CLIENT", "SETNAME", std::string(kMaxClientNameBytes, 'n')}), "+OK\r\n");
  EXPECT_EQ(caller.call({"CLIENT", "SETNAME", std::string(kMaxClientNameBytes + 1, 'm')}),
            "-ERR respgate: client names are limited to 512 bytes\r\n");
  EXPECT_EQ(caller.client.name, std::string(kMaxClientNameBytes, 'n'));
}

TEST(LocalClientTest, HelloAcceptsTheNamesThatSetnameAccepts) {
  EXPECT_TRUE(is_valid_client_name(""));
  EXPECT_TRUE(is_valid_client_name("!~cmd=evil"));
  EXPECT_TRUE(is_valid_client_name(std::string(kMaxClientNameBytes, 'n')));
  EXPECT_FALSE(is_valid_client_name(std::string(kMaxClientNameBytes + 1, 'n')));
  EXPECT_FALSE(is_valid_client_name("a b"));
  EXPECT_FALSE(is_valid_client_name(std::string_view("a\0", 2)));
}

TEST(LocalClientTest, SetinfoKeepsLibraryAndVersionInAnyCase) {
  LocalCaller caller(kPolicy, "alice");
  EXPECT_EQ(caller.call({"CLIENT", "SETINFO", "LIB-NAME", "redis-py"}), "+OK\r\n");
  EXPECT_EQ(caller.call({"client", "setinfo", "lib-Ver", "5.0.1"}), "+OK\r\n");
  EXPECT_EQ(caller.client.library_name, "redis-py");
  EXPECT_EQ(caller.client.library_version, "5.0.1");
  EXPECT_EQ(caller.call({"CLIENT", "SETINFO", "LIB-NAME", ""}), "+OK\r\n");
  EXPECT_EQ(caller.client.library_name, "");
}

TEST(LocalClientTest, SetinfoRefusesWhatTheServerRefuses) {
  LocalCaller caller(kPolicy, "alice");
  EXPECT_EQ(caller.call({"CLIENT", "SETINFO", "COLOUR", "red"}), "-ERR Unrecognized option 'COLOUR'\r\n");
  EXPECT_EQ(caller.call({"CLIENT", "SETINFO", "lib-name", "a b"}),
            "-ERR lib-name cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(caller.call({"CLIENT", "SETINFO", "LIB-VER", "1\n2"}),
            "-ERR LIB-VER cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(caller.client.library_name + caller.client.library_version, "");
}

TEST(LocalClientTest, InfoDescribesThisConnection) {
  LocalCaller caller(with_texts(acl::ServerTexts::kRedis72), "alice");
  caller.client.name = "worker";
  caller.client.library_name = "hiredis";
  caller.client.database = 3;
  EXPECT_EQ(caller.value({"CLIENT", "INFO"}).text,
            "id=7 addr=127.0.0.1:51234 laddr=127.0.0.1:6379 fd=-1 name=worker age=62 idle=0 flags=N db=3 sub=0 psub=0 ssub=0 "
            "multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=client|info "
            "user=alice redir=-1 resp=2 lib-name=hiredis lib-ver=\n");
}

TEST(LocalClientTest, LibraryFieldsCameWith72) {
  EXPECT_TRUE(LocalCaller(with_texts(acl::ServerTexts::kRedis70), "alice").call({"CLIENT", "INFO"}).ends_with("resp=2\n\r\n"));
}

TEST(LocalClientTest, AUnixSocketIsFlagged) {
  LocalCaller caller(kPolicy, "alice");
  caller.client.peer = "/run/respgate.sock:0";
  EXPECT_EQ(field(caller.value({"CLIENT", "INFO"}).text, "flags"), "U");
}

TEST(LocalClientTest, ABlankInAPathForgesNoField) {
  LocalCaller caller(kPolicy, "alice");
  caller.client.local = "/srv/my sockets user=root\n/gate:0";
  const std::string line = caller.value({"CLIENT", "INFO"}).text;
  EXPECT_EQ(field(line, "laddr"), "/srv/my_sockets_user=root_/gate:0");
  EXPECT_EQ(field(line, "user"), "alice");
}

TEST(LocalClientTest, InfoIsVerbatimTextInResp3) {
  const RespValue reply = LocalCaller(kPolicy, "alice", RespVersion::kResp3).value({"CLIENT", "INFO"});
  EXPECT_EQ(reply.type, '=');
  EXPECT_TRUE(reply.text.starts_with("txt:id=7 "));
  EXPECT_EQ(field(reply.text.substr(4), "resp"), "3");
}

TEST(LocalClientTest, CapabilitiesAreTakenNoteOfAsTheServerDoesWithThoseItDoesNotKnow) {
  EXPECT_EQ(LocalCaller(kPolicy, "alice").call({"CLIENT", "CAPA", "redirect", "nosuch"}), "+OK\r\n");
}

TEST(LocalClientTest, WhatChangesTheSessionIsNotAnsweredHere) {
  EXPECT_EQ(LocalCaller(kPolicy, "alice").call({"CLIENT", "REPLY", "OFF"}),
            "-ERR respgate: 'client|reply' is not available through the proxy\r\n");
}

TEST(LocalClientTest, HelpIsAnArrayOfLinesThatBeginsAndEndsAsTheServers) {
  const RespValue help = LocalCaller(kPolicy, "alice").value({"client", "help"});
  EXPECT_EQ(help.values.front(), (RespValue{'+', "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", {}}));
  EXPECT_EQ(help.values.back(), (RespValue{'+', "    Prints this help.", {}}));
}

}  // namespace
}  // namespace respgate::proxy
