#include "proxy/server/server.h"

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/proxy/http_client.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

// A whole process' worth of proxy, without a node behind it.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    directory_.write("users.acl", "user before on >secret ~* +@all\n");
    directory_.write("r.yaml", "workers: 1\nlisteners: [{name: main, address: \"unix:" + directory_.file("gate.sock") +
                                   "\"}]\nupstream: {nodes: [\"unix:" + directory_.file("nobody.sock") +
                                   "\"]}\nusers: {file: users.acl}\nadmin: {address: \"unix:" + directory_.file("admin.sock") + "\"}\n");
  }

  SnapshotPtr load() const {
    const ConfigResult config = load_config(directory_.file("r.yaml"));
    EXPECT_TRUE(config);
    const SnapshotResult snapshot = load_snapshot(*config, 1);
    EXPECT_TRUE(snapshot);
    return *snapshot;
  }

  // Asks the admin port again and again, until the answer holds `text`.
  bool tells(const std::string& path, const std::string& text) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      HttpClient client(directory_.file("admin.sock"));
      client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      if (client.read_all().find(text) != std::string::npos) return true;
    }
    return false;
  }

  TemporaryDirectory directory_;
};

TEST_F(ServerTest, WhatChangesBetweenLoadingAndServingIsLoaded) {
  const SnapshotPtr snapshot = load();
  directory_.write("users.acl", "user after on >secret ~* +@all\n");
  Server server(snapshot);
  std::thread thread([&] { server.run(); });
  EXPECT_TRUE(tells("/users", "after"));
  EXPECT_TRUE(tells("/metrics", "respgate_reloads_total{result=\"success\"} 1\n"));
  server.stop();
  thread.join();
}

}  // namespace
}  // namespace respgate::proxy
