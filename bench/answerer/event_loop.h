// The loop of the answerers: listens on a loopback port that the kernel chooses, says which on stdout, accepts, and calls a
// connection when it can go on.  One thread and level-triggered epoll; a connection costs one entry of a table.
#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace respgate::bench {

enum class Wish : std::uint8_t { kRead, kWrite, kEnd };

// All of these end the process when the kernel refuses, with its words on stderr.
int listen_on_loopback();
int make_epoll();
void watch(int epoll, int operation, int fd, std::uint32_t events);

// A client's socket, not blocking and without delay; nothing when it has left already.
std::optional<int> accept_client(int listener);

// Connection: made of a socket, which it may use and not close, and of what all of them share;
// Wish on_ready() goes on reading or writing, until one of them would block, and says which.
template <typename Connection, typename Shared>
[[noreturn]] void serve(Shared& shared) {
  struct Client {
    std::unique_ptr<Connection> connection;
    Wish wish = Wish::kRead;
  };
  std::vector<Client> clients;  // by socket
  const int listener = listen_on_loopback();
  const int epoll = make_epoll();
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);

  const auto go_on = [&](int fd) {
    Client& client = clients[static_cast<std::size_t>(fd)];
    const Wish wish = client.connection->on_ready();
    if (wish == Wish::kEnd) {
      client.connection.reset();
      close(fd);
    } else if (wish != client.wish) {
      client.wish = wish;
      watch(epoll, EPOLL_CTL_MOD, fd, wish == Wish::kWrite ? EPOLLOUT : EPOLLIN);
    }
  };

  std::array<epoll_event, 512> ready{};
  for (;;) {
    const int count = epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), -1);
    for (const epoll_event& event : std::span(ready).first(count > 0 ? static_cast<std::size_t>(count) : 0)) {
      if (event.data.fd != listener) {
        go_on(event.data.fd);
      } else if (const std::optional<int> fd = accept_client(listener)) {
        const auto number = static_cast<std::size_t>(*fd);
        if (clients.size() <= number) clients.resize(number + 1);
        clients[number] = {std::make_unique<Connection>(*fd, shared), Wish::kRead};
        watch(epoll, EPOLL_CTL_ADD, *fd, EPOLLIN);
      }
    }
  }
}

}  // namespace respgate::bench
