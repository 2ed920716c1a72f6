// All of it in one process: a client, the proxy with one worker, and a server that holds nothing, each in a thread of its own
// and joined by unix sockets.  Wall time is what a round trip takes, three threads taking turns.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <spdlog/spdlog.h>

#include "bench/answerer/null_upstream.h"
#include "bench/micro/people.h"
#include "proxy/config/config.h"
#include "proxy/server/server.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::bench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "micro: %s\n", what);
  std::exit(1);
}

struct Address {
  explicit Address(const std::string& path) {
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  }
  const sockaddr* any() const { return reinterpret_cast<const sockaddr*>(&name); }
  sockaddr_un name{};
};

// Serves each connection in a thread, until the process ends.
void serve_nothing(const std::string& path) {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, Address(path).any(), sizeof(sockaddr_un)) != 0 || listen(listener, 16) != 0) fail("cannot listen");
  std::thread([listener] {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::thread([fd] {
        NullUpstream::Shared shared;
        NullUpstream upstream(fd, shared);
        while (upstream.on_ready() != Wish::kEnd) {
        }
        close(fd);
      }).detach();
    }
  }).detach();
}

class WholeProxy {
 public:
  WholeProxy() {
    spdlog::set_level(spdlog::level::off);
    std::string pattern = (fs::temp_directory_path() / "respgate-micro-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) fail("no temporary directory");
    directory_ = pattern;
    serve_nothing(directory_ / "node.sock");
    const std::string users = "user app on nopass ~orders:* ~carts:* ~users:* ~key:* +@all -@dangerous\n";
    write("users.acl", users);
    write("respgate.yaml", "workers: 1\nlisteners: [{name: main, address: \"unix:" + path("gate.sock") + "\", login_as: app}]\n" +
                               "upstream: {nodes: [\"unix:" + path("node.sock") + "\"]}\nusers: {file: users.acl}\n");
    const proxy::ConfigResult config = proxy::load_config(path("respgate.yaml"));
    if (!config) fail("the configuration is refused");
    const proxy::SnapshotResult snapshot = proxy::load_snapshot(*config, 1);
    if (!snapshot) fail("the users are refused");
    server_ = std::make_unique<proxy::Server>(*snapshot);
    thread_ = std::thread([this] { server_->run(); });
  }
  ~WholeProxy() {
    server_->stop();
    thread_.join();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  int connect_client() const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, Address(path("gate.sock")).any(), sizeof(sockaddr_un)) != 0) fail("cannot connect");
    return fd;
  }

 private:
  std::string path(const char* name) const { return directory_ / name; }
  void write(const char* name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    fs::permissions(path(name), fs::perms::owner_read | fs::perms::owner_write);
  }

  fs::path directory_;
  std::unique_ptr<proxy::Server> server_;
  std::thread thread_;
};

// So many GETs at once, then all their answers.
void whole_worker(benchmark::State& state) {
  const WholeProxy whole;
  const int fd = whole.connect_client();
  std::string asked;
  for (std::int64_t i = 0; i < state.range(0); ++i) asked += Spoken(get()).wire();
  const std::size_t owed = static_cast<std::size_t>(state.range(0)) * std::string_view("$3\r\nxxx\r\n").size();
  std::vector<char> answers(owed);
  for (auto _ : state) {
    if (send(fd, asked.data(), asked.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(asked.size()))
      return state.SkipWithError("cannot write");
    if (recv(fd, answers.data(), owed, MSG_WAITALL) != static_cast<ssize_t>(owed) || answers.front() != '$') {
      return state.SkipWithError("not answered");
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
  close(fd);
}
BENCHMARK(whole_worker)->Arg(1)->Arg(16)->UseRealTime();

}  // namespace
}  // namespace respgate::bench
