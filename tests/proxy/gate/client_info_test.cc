// The line of CLIENT LIST and CLIENT INFO, beyond what the own connection shows.
#include "proxy/gate/client_info.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/local_caller.h"

namespace respgate::proxy {
namespace {

const acl::PolicyPtr kPolicy = make_policy(LocalPolicy{"user alice on nopass ~* +@all\n"});

std::string line(const ClientActivity& activity, std::string peer = "127.0.0.1:5000") {
  ClientState client;
  client.id = 7;
  client.peer = std::move(peer);
  client.policy = kPolicy;
  return client_info_line(client, activity, 2500);
}

std::string flags(const ClientActivity& activity, std::string peer = "127.0.0.1:5000") {
  const std::string text = line(activity, std::move(peer));
  const std::size_t from = text.find(" flags=") + 7;
  return text.substr(from, text.find(' ', from) - from);
}

TEST(ClientInfoTest, FlagsComeInTheServersOrder) {
  EXPECT_EQ(flags({}), "N");
  EXPECT_EQ(flags({}, "/run/gate:0"), "U");
  EXPECT_EQ(flags({.channels = 1}), "P");
  EXPECT_EQ(flags({.patterns = 1}), "P");
  EXPECT_EQ(flags({.shard_channels = 1}), "P");
  EXPECT_EQ(flags({.queued = 0}), "x");
  EXPECT_EQ(flags({.is_blocked = true}), "b");
  EXPECT_EQ(flags({.tracks = true}), "t");
  EXPECT_EQ(flags({.tracks_everything = true}), "N") << "when it does not track";
  EXPECT_EQ(flags({.channels = 2, .queued = 3, .is_blocked = true, .tracks = true, .tracks_everything = true}, "/run/gate:0"), "PxbtBU");
}

TEST(ClientInfoTest, CountsAreWhatTheClientHolds) {
  const std::string text = line({.idle_ms = 1999, .channels = 1, .patterns = 2, .shard_channels = 3, .queued = 4});
  EXPECT_NE(text.find(" age=2 idle=1 flags=Px db=0 sub=1 psub=2 ssub=3 multi=4 "), std::string::npos) << text;
}

TEST(ClientInfoTest, ARedirectionIsMinusOneForWhoDoesNotTrackAndZeroForWhoHearsItself) {
  EXPECT_NE(line({}).find(" redir=-1 "), std::string::npos);
  EXPECT_NE(line({.redirect = 9}).find(" redir=-1 "), std::string::npos);
  EXPECT_NE(line({.tracks = true}).find(" redir=0 "), std::string::npos);
  EXPECT_NE(line({.tracks = true, .redirect = 9}).find(" redir=9 "), std::string::npos);
}

TEST(ClientInfoTest, WhoHasSaidNothingAndIsNobodySaysSo) {
  EXPECT_NE(line({}).find(" cmd=NULL user=(none) "), std::string::npos);
  EXPECT_NE(line({.command = "config|get"}).find(" cmd=config|get "), std::string::npos);
}

}  // namespace
}  // namespace respgate::proxy
