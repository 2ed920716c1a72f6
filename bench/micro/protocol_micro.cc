// The parts that read bytes: requests, replies, names of commands, and which arguments are keys.
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "bench/micro/people.h"
#include "protocol/command_parser.h"
#include "protocol/command_table.h"
#include "protocol/reply_scanner.h"
#include "protocol/targets.h"

namespace respgate::bench {
namespace {

using protocol::CommandParser;
using protocol::ReplyScanner;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

void parse_requests(benchmark::State& state, const std::string& wire) {
  CommandParser parser(protocol::kLimitsAfterAuth);
  for (auto _ : state) {
    for (std::string_view rest = wire; !rest.empty();) {
      if (parser.parse(rest) != CommandParser::Status::kComplete) return state.SkipWithError("not a command");
      const std::size_t size = parser.consumable();
      parser.consumed(size);
      parser.restart();
      rest.remove_prefix(size);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * wire.size()));
}
BENCHMARK_CAPTURE(parse_requests, get, Spoken(get()).wire());
BENCHMARK_CAPTURE(parse_requests, set_1k, Spoken(set_1k()).wire());
BENCHMARK_CAPTURE(parse_requests, mget_10, Spoken(mget_10()).wire());
BENCHMARK_CAPTURE(parse_requests, pipeline_of_16, repeated(Spoken(get()).wire(), 16));

void scan_replies(benchmark::State& state, const std::string& wire) {
  ReplyScanner scanner(protocol::RespVersion::kResp2);
  for (auto _ : state) {
    for (std::string_view rest = wire; !rest.empty();) {
      if (scanner.scan(rest) != ReplyScanner::Status::kComplete) return state.SkipWithError("not a reply");
      rest.remove_prefix(scanner.frame().wire.size());
      scanner.restart();
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * wire.size()));
}
BENCHMARK_CAPTURE(scan_replies, ok, std::string("+OK\r\n"));
BENCHMARK_CAPTURE(scan_replies, bulk, "$64\r\n" + std::string(64, 'x') + "\r\n");
BENCHMARK_CAPTURE(scan_replies, array_of_10, "*10\r\n" + repeated("$64\r\n" + std::string(64, 'x') + "\r\n", 10));
BENCHMARK_CAPTURE(scan_replies, pipeline_of_16, repeated("$64\r\n" + std::string(64, 'x') + "\r\n", 16));

void look_up(benchmark::State& state, const std::vector<std::string>& words) {
  const Spoken spoken(words);
  for (auto _ : state) benchmark::DoNotOptimize(protocol::find_command(spoken.args()));
}
BENCHMARK_CAPTURE(look_up, get, get());
BENCHMARK_CAPTURE(look_up, config_get, std::vector<std::string>{"CONFIG", "GET", "maxmemory"});
BENCHMARK_CAPTURE(look_up, unknown, std::vector<std::string>{"NOSUCHCOMMAND", "a"});

void find_targets(benchmark::State& state, const std::vector<std::string>& words) {
  const Spoken spoken(words);
  const protocol::CommandSpec& spec = *protocol::find_command(spoken.args()).spec;
  protocol::TargetFinder finder;
  for (auto _ : state) benchmark::DoNotOptimize(&finder.find(spec, spoken.args()));
}
BENCHMARK_CAPTURE(find_targets, get, get());
BENCHMARK_CAPTURE(find_targets, mget_10, mget_10());
BENCHMARK_CAPTURE(find_targets, zunionstore, std::vector<std::string>{"ZUNIONSTORE", "a", "3", "b", "c", "d", "WEIGHTS", "1", "2", "3"});

}  // namespace
}  // namespace respgate::bench
