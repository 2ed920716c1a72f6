#include "proxy/snapshot/restart_needed.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/config_text.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kRunning =
    "workers: 2\n"
    "listeners:\n"
    "  - {name: main, address: 127.0.0.1:6380}\n"
    "  - {name: local, address: \"unix:/run/gate.sock\", mode: \"0600\"}\n"
    "upstream: {nodes: [\"127.0.0.1:6379\"]}\n"
    "users: {file: users.acl}\n"
    "audit: {file: audit.jsonl}\n"
    "metrics: {cloudwatch_emf: {file: metrics.emf}}\n"
    "admin: {address: 127.0.0.1:9180, health_address: 127.0.0.1:9181, token_file: token}\n"
    "shutdown: {takeover_socket: takeover.sock}\n";

// kRunning with one text in the place of another; the keys that cannot change.
std::vector<std::string> refused(const std::string& before, const std::string& after) {
  std::string yaml = kRunning;
  const std::size_t at = yaml.find(before);
  EXPECT_NE(at, yaml.npos) << before;
  yaml.replace(at, before.size(), after);
  std::vector<std::string> keys;
  for (const ConfigError& error : restart_needed(good(kRunning), good(yaml))) {
    EXPECT_NE(error.what.find("restart to apply"), error.what.npos) << error.what;
    keys.push_back(error.what.substr(0, error.what.find(": ")));
  }
  return keys;
}

TEST(RestartNeededTest, WhatAProcessHoldsForLifeIsNamed) {
  EXPECT_THAT(refused("workers: 2", "workers: 3"), ElementsAre("workers"));
  EXPECT_THAT(refused("mode: \"0600\"", "mode: \"0660\""), ElementsAre("listeners[1].mode"));
  EXPECT_THAT(refused("audit.jsonl", "other.jsonl"), ElementsAre("audit.file"));
  EXPECT_THAT(refused("audit.jsonl", "audit.jsonl, keys: plain"), ElementsAre("audit.keys"));
  EXPECT_THAT(refused("takeover.sock", "other.sock"), ElementsAre("shutdown.takeover_socket"));
  EXPECT_THAT(refused("metrics.emf", "other.emf"), ElementsAre("metrics.cloudwatch_emf.file"));
  EXPECT_THAT(refused("metrics: {cloudwatch_emf: {file: metrics.emf}}\n", ""), ElementsAre("metrics"));
  EXPECT_THAT(refused("audit.jsonl", "audit.jsonl, key_file: key"), ElementsAre("audit.key_file"));
  EXPECT_THAT(refused("127.0.0.1:9180", "127.0.0.1:9190"), ElementsAre("admin.address"));
  EXPECT_THAT(refused("address: 127.0.0.1:9180, ", ""), ElementsAre("admin.address"));
  EXPECT_THAT(refused("127.0.0.1:9181", "127.0.0.1:9191"), ElementsAre("admin.health_address"));
}

TEST(RestartNeededTest, EverythingElseCanChange) {
  const std::pair<const char*, const char*> changes[] = {
      {"127.0.0.1:6380", "127.0.0.1:6390"},
      {"name: main", "name: other"},
      {"6380}", "6380, allow_from: [127.0.0.1/32], max_connections: 7}"},
      {"6380}", "6380, login_as: app}"},
      {"  - {name: main, address: 127.0.0.1:6380}\n", ""},
      {"[\"127.0.0.1:6379\"]", "[\"10.0.0.1:6379\"], lane_window: 5, connect_timeout: 1s, credentials: {password_file: pw}"},
      {"users.acl", "others.acl, groups: {g: [app]}"},
      {"audit.jsonl", "audit.jsonl, events: [allowed], on_overflow: deny, rotate: {size: 1MiB, keep: 3}"},
      {"takeover.sock", "takeover.sock, grace: 1s"},
      {"metrics.emf", "metrics.emf, namespace: Other, interval: 5s"},
      {"token_file: token", "token_file: other, hosts: [gate]"},
      {"workers: 2\n", "workers: 2\nlimits: {memory: 64MiB, idle_timeout: 1m}\nenforcement: observe\n"},
  };
  for (const auto& [before, after] : changes) EXPECT_THAT(refused(before, after), IsEmpty()) << after;
}

TEST(RestartNeededTest, AsManyThreadsAsThereAreCoresIsWhatItWasAtTheStart) {
  Config running = good(kRunning);
  running.workers = 7;
  for (const char* text : {"workers: auto\n", ""}) {
    std::string yaml = kRunning;
    yaml.replace(0, 11, text);
    Config wanted = good(yaml);
    wanted.workers = 3;  // the cores of now
    keep_what_was_found(running, wanted);
    EXPECT_EQ(wanted.workers, 7u);
    EXPECT_THAT(restart_needed(running, wanted), IsEmpty());
  }
}

TEST(RestartNeededTest, ANumberOfThreadsThatIsWrittenIsMeant) {
  Config running = good(kRunning);
  running.workers = 7;
  running.workers_are_automatic = true;
  Config wanted = good(kRunning);
  keep_what_was_found(running, wanted);
  EXPECT_EQ(wanted.workers, 2u);
  EXPECT_EQ(restart_needed(running, wanted).size(), 1u);
}

TEST(RestartNeededTest, TheModeOfAnotherSocketIsFree) {
  EXPECT_THAT(refused("\"unix:/run/gate.sock\", mode: \"0600\"", "\"unix:/run/new.sock\", mode: \"0660\""), IsEmpty());
}

TEST(RestartNeededTest, EachKeyIsToldWithItsPlace) {
  std::string yaml = kRunning;
  yaml.replace(yaml.find("workers: 2"), 10, "workers: 4");
  yaml.replace(yaml.find("audit.jsonl"), 11, "b.jsonl");
  const std::vector<ConfigError> errors = restart_needed(good(kRunning), good(yaml));
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].line, 1u);
  EXPECT_EQ(errors[1].line, 7u);
}

}  // namespace
}  // namespace respgate::proxy
