#include "proxy/snapshot/warnings.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/config_text.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(WarningsTest, WhatGivesUpNothingIsNotWarnedOf) { EXPECT_THAT(warnings_about(good(with_upstream("tls: {}"))), IsEmpty()); }

TEST(WarningsTest, EachProtectionGivenUpIsNamed) {
  EXPECT_THAT(warnings_about(good(with_address("0.0.0.0:6380, name: open, unsafe_plaintext: true"))),
              ElementsAre(StartsWith("listener open: unsafe_plaintext: ")));
  EXPECT_THAT(warnings_about(good(with_upstream("tls: {verify: chain}"))), ElementsAre(StartsWith("upstream.tls.verify: chain: ")));
  EXPECT_THAT(warnings_about(good(with_upstream("tls: {verify: unsafe_none}"))),
              ElementsAre(StartsWith("upstream.tls.verify: unsafe_none: ")));
}

TEST(WarningsTest, AKeyThatEverybodyMayReadIsNamed) {
  const TemporaryDirectory directory;
  const std::string key = directory.write("server.key", "a key");
  Config config = good(with_listener("tls: {cert_file: a.crt, key_file: b.key}"));
  config.listeners[0].tls->certificates[0].key_file = key;
  using std::filesystem::perms;
  std::filesystem::permissions(key, perms::owner_read | perms::group_read);
  EXPECT_THAT(warnings_about(config), IsEmpty());
  std::filesystem::permissions(key, perms::owner_read | perms::others_read);
  EXPECT_THAT(warnings_about(config), ElementsAre("key_file " + key + " may be read by everybody on this machine: chmod o-r it"));
}

}  // namespace
}  // namespace respgate::proxy
