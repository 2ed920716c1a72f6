// The parts that decide: the ACL, the gate with everything it asks, and the pairing of replies with requests.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "acl/authorizer.h"
#include "bench/micro/people.h"
#include "protocol/targets.h"
#include "proxy/gate/gate.h"
#include "proxy/lane/pipeline.h"

namespace respgate::bench {
namespace {

void authorize(benchmark::State& state, const char* user, const std::vector<std::string>& words) {
  const acl::PolicyPtr rules = policy();
  const acl::Principal& principal = *rules->find(user);
  const Spoken spoken(words);
  const protocol::CommandSpec& spec = *protocol::find_command(spoken.args()).spec;
  protocol::TargetFinder finder;
  const protocol::Targets& targets = finder.find(spec, spoken.args());
  for (auto _ : state) benchmark::DoNotOptimize(acl::authorize(principal, spec, spoken.args(), targets, rules->options(), 0));
}
BENCHMARK_CAPTURE(authorize, ten_patterns_get, "app", get());
BENCHMARK_CAPTURE(authorize, ten_patterns_mget_10, "app", mget_10());
BENCHMARK_CAPTURE(authorize, ten_patterns_denied, "app", std::vector<std::string>{"GET", "other:1"});
BENCHMARK_CAPTURE(authorize, everything_get, "everything", get());

void gate(benchmark::State& state, const char* user, const std::vector<std::string>& words) {
  proxy::ClientState client;
  client.id = 1;
  client.policy = policy();
  client.born_as = user;
  protocol::TargetFinder finder;
  const proxy::ServerFacts server;
  proxy::Gate judge(std::move(client), finder, server);
  const Spoken spoken(words);
  const protocol::Command command{spoken.args(), spoken.args().size(), spoken.wire(), false};
  for (auto _ : state) benchmark::DoNotOptimize(judge.admit(command, {}).kind);
}
BENCHMARK_CAPTURE(gate, ten_patterns_get, "app", get());
BENCHMARK_CAPTURE(gate, ten_patterns_set_1k, "app", set_1k());
BENCHMARK_CAPTURE(gate, ten_patterns_mget_10, "app", mget_10());
BENCHMARK_CAPTURE(gate, denied_by_key, "app", std::vector<std::string>{"GET", "other:1"});
BENCHMARK_CAPTURE(gate, denied_by_rule, "app", std::vector<std::string>{"FLUSHALL"});
BENCHMARK_CAPTURE(gate, everything_get, "everything", get());

class Nobody final : public proxy::Pipeline::Sink {
 public:
  void on_reply(proxy::RequestPtr /*request*/, const protocol::ReplyFrame& /*frame*/) override { ++replies; }
  void on_part(const proxy::Request& /*request*/, std::string_view /*bytes*/) override {}
  void on_confirmation(const proxy::Request& /*request*/, const protocol::ReplyFrame& /*frame*/) override {}
  void on_push(const protocol::ReplyFrame& /*frame*/) override {}
  std::int64_t replies = 0;
};

// So many requests pushed, gathered, sent and answered.
void pair(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const Spoken spoken(get());
  std::string replies;
  for (std::size_t i = 0; i < count; ++i) replies += "$3\r\nxxx\r\n";
  proxy::RequestPool pool;
  proxy::Pipeline pipeline(protocol::RespVersion::kResp2);
  Nobody sink;
  std::array<::iovec, 64> gathered{};
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) {
      proxy::RequestPtr request = pool.take();
      request->wire = spoken.wire();
      pipeline.push(std::move(request));
    }
    while (pipeline.has_unsent()) {
      std::size_t bytes = 0;
      for (std::size_t i = 0, used = pipeline.gather(gathered); i < used; ++i) bytes += gathered[i].iov_len;
      pipeline.sent(bytes);
    }
    if (pipeline.receive(replies, sink) != proxy::Pipeline::Fault::kNone) return state.SkipWithError("replies do not match requests");
  }
  state.SetItemsProcessed(sink.replies);
}
BENCHMARK(pair)->Arg(1)->Arg(16)->Arg(256);

}  // namespace
}  // namespace respgate::bench
