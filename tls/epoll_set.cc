#include "tls/epoll_set.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

namespace respgate::tls {
namespace {

constexpr int kEventsPerTurn = 128;  // then timers and what was posted have their turn

int make_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  return set;
}

}  // namespace

boost::asio::execution_context::id EpollSet::id;

EpollSet::EpollSet(boost::asio::io_context& io) : service(io), io_(io), set_(io.get_executor(), make_set()) {}

EpollSet::~EpollSet() = default;

// The io_context is going: handlers go uncalled, and what they hold may close descriptors meanwhile.
void EpollSet::shutdown() {
  for (Place& place : places_) {
    const WaitHandler for_read = std::move(place.for_read);
    const WaitHandler for_write = std::move(place.for_write);
  }
}

EpollSet::Index EpollSet::add(int descriptor) {
  Index index = 0;
  if (free_.empty()) {
    index = static_cast<Index>(places_.size());
    places_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  places_[index].descriptor = descriptor;
  return index;
}

void EpollSet::remove(Index index) {
  Place& place = places_[index];
  disarm(place);
  place.descriptor = -1;
  ++place.generation;
  for (WaitHandler* handler : {&place.for_read, &place.for_write}) {
    if (!*handler) continue;
    --waiting_;
    boost::asio::post(io_, [aborted = std::move(*handler)]() mutable { aborted(boost::asio::error::operation_aborted); });
  }
  free_.push_back(index);
  if (waiting_ > 0 || !is_listening_) return;
  error_code ignored;
  set_.cancel(ignored);
}

void EpollSet::wait(Index index, For what, WaitHandler handler) {
  Place& place = places_[index];
  WaitHandler& slot = what == For::kRead ? place.for_read : place.for_write;
  assert(!slot);
  slot = std::move(handler);
  ++waiting_;
  const std::uint32_t wanted = what == For::kRead ? EPOLLIN : EPOLLOUT;
  // One that the kernel has no memory to watch is ended, and its handler told to look.
  if ((place.armed & wanted) == 0 && !arm(place, index, place.armed | wanted)) {
    ::shutdown(place.descriptor, SHUT_RDWR);
    --waiting_;
    boost::asio::post(io_, [lost = std::move(slot)]() mutable { lost(error_code{}); });
    return;
  }
  listen();
}

bool EpollSet::arm(Place& place, Index index, std::uint32_t events) {
  ::epoll_event event{};
  event.events = events;
  event.data.u64 = std::uint64_t{place.generation} << 32 | index;
  if (::epoll_ctl(set_.native_handle(), place.armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, place.descriptor, &event) != 0) return false;
  place.armed = events;
  return true;
}

void EpollSet::disarm(Place& place) {
  if (std::exchange(place.armed, 0) != 0) ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, place.descriptor, nullptr);
}

void EpollSet::listen() {
  if (is_listening_ || waiting_ == 0) return;
  is_listening_ = true;
  set_.async_wait(decltype(set_)::wait_read, [this](const error_code& error) {
    is_listening_ = false;
    if (!error) on_ready();
    listen();
  });
}

void EpollSet::on_ready() {
  std::array<::epoll_event, kEventsPerTurn> events;
  const int ready = ::epoll_wait(set_.native_handle(), events.data(), kEventsPerTurn, 0);
  for (int i = 0; i < ready; ++i) tell(events[i].data.u64, events[i].events);
}

// Whoever is called may close this descriptor or any other, and open new ones.
void EpollSet::tell(std::uint64_t which, std::uint32_t events) {
  const auto index = static_cast<Index>(which);
  const auto generation = static_cast<std::uint32_t>(which >> 32);
  Place& place = places_[index];
  if (place.generation != generation) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) events |= EPOLLIN | EPOLLOUT;  // either will find out what it is
  const bool is_unheard =
      ((events & place.armed & EPOLLIN) != 0 && !place.for_read) || ((events & place.armed & EPOLLOUT) != 0 && !place.for_write);
  if ((events & EPOLLIN) != 0) call(place.for_read);
  if (place.generation == generation && (events & EPOLLOUT) != 0) call(place.for_write);
  if (place.generation != generation || !is_unheard) return;
  const std::uint32_t awaited = (place.for_read ? EPOLLIN : 0U) | (place.for_write ? EPOLLOUT : 0U);
  awaited == 0 ? disarm(place) : static_cast<void>(arm(place, index, awaited));
}

void EpollSet::call(WaitHandler& handler) {
  if (!handler) return;
  WaitHandler called = std::move(handler);
  --waiting_;
  called({});
}

Watched::Watched(Socket socket) : set_(&EpollSet::of(socket.get_executor().context())), descriptor_(socket.native_handle()) {
  error_code ignored;  // a socket that cannot be made non-blocking fails at its first read
  socket.native_non_blocking(true, ignored);
  if (set_->direct_ < EpollSet::kDirect) {
    ++set_->direct_;
    direct_ = std::make_unique<Socket>(std::move(socket));
  } else {
    descriptor_ = socket.release(ignored);
    if (descriptor_ >= 0) index_ = set_->add(descriptor_);
  }
}

Watched::Watched(Watched&& other) noexcept
    : set_(other.set_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      index_(other.index_),
      direct_(std::move(other.direct_)) {}

void Watched::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor < 0) return;
  if (direct_) {
    --set_->direct_;
    error_code ignored;
    direct_->close(ignored);
    direct_.reset();
  } else {
    set_->remove(index_);
    ::close(descriptor);
  }
}

}  // namespace respgate::tls
