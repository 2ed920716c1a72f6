// One client that asks for one key after the other and waits for each: `asker HOST PORT REQUESTS [USER PASSWORD]`.  Prints
// what redis-benchmark --csv would, but with latencies in nanoseconds' resolution: its own come in steps of 8 µs, and a
// request takes about 30.  The server's values must be three bytes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_parser.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr unsigned kKeys = 100'000;
constexpr std::string_view kOk = "+OK\r\n";
constexpr std::string_view kValueHeader = "$3\r\n";
constexpr std::size_t kValueSize = 9;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "asker: %s\n", what);
  std::exit(1);
}

template <typename Number>
Number number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail("a port and a number of requests are expected");
  return value;
}

int connect_to(const char* host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail("the host must be an IPv4 address");
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  timeval patience{};
  patience.tv_sec = 30;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("cannot connect");
  }
  return fd;
}

// Ends when the answer is not what it should begin with, and be as long as.
void ask(int fd, std::string_view wire, std::string_view beginning, std::size_t size) {
  if (send(fd, wire.data(), wire.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(wire.size())) fail("cannot write");
  std::array<char, 512> bytes{};
  std::string answer;
  while (answer.size() < size) {
    const ssize_t read = recv(fd, bytes.data(), bytes.size(), 0);
    if (read <= 0) fail("the connection ended, or 30 s went without an answer");
    answer.append(bytes.data(), static_cast<std::size_t>(read));
    if (answer.substr(0, beginning.size()) != beginning.substr(0, answer.size()) || answer.size() > size) fail(answer.c_str());
  }
}

std::string wire_of(std::initializer_list<std::string_view> words) {
  std::string wire;
  respgate::protocol::append_command(wire, {words.begin(), words.size()});
  return wire;
}

double percentile(const std::vector<Clock::duration>& sorted, std::size_t percent) {
  return std::chrono::duration<double, std::milli>(sorted[(sorted.size() - 1) * percent / 100]).count();
}

}  // namespace

int main(int count, char** words) {
  if (count != 4 && count != 6) fail("usage: asker HOST PORT REQUESTS [USER PASSWORD]");
  const int fd = connect_to(words[1], number<std::uint16_t>(words[2]));
  const auto requests = number<std::size_t>(words[3]);
  if (requests == 0) fail("a number of requests is expected");
  if (count == 6) ask(fd, wire_of({"AUTH", words[4], words[5]}), kOk, kOk.size());

  std::minstd_rand chance;
  std::vector<Clock::duration> latencies;
  latencies.reserve(requests);
  const Clock::time_point start = Clock::now();
  for (std::size_t request = 0; request < requests; ++request) {
    std::array<char, 17> key{};
    std::snprintf(key.data(), key.size(), "key:%012u", static_cast<unsigned>(chance()) % kKeys);
    const std::string wire = wire_of({"GET", {key.data(), 16}});
    const Clock::time_point asked = Clock::now();
    ask(fd, wire, kValueHeader, kValueSize);
    latencies.push_back(Clock::now() - asked);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(latencies.begin(), latencies.end());
  std::printf("\"rps\",\"p50_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"\n%.2f,%.6f,%.6f,%.6f\n",
              static_cast<double>(requests) / seconds, percentile(latencies, 50), percentile(latencies, 99), percentile(latencies, 100));
  return 0;
}
