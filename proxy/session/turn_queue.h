// What is left to do before a worker looks at its sockets again: sessions that may
// go on, sessions with something to send.  Gathering these to the end of the turn is
// what makes one write of many replies.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace respgate::proxy {

class Session;

class TurnQueue {
 public:
  // `schedule` is called when the queue stops being empty: run the end of the turn soon.
  explicit TurnQueue(std::function<void()> schedule) : schedule_(std::move(schedule)) {}

  void resume(std::shared_ptr<Session> session) { add(resume_, std::move(session)); }
  void flush(std::shared_ptr<Session> session) { add(flush_, std::move(session)); }
  // A lane was given something.
  void flush_lanes() { arm(); }

  // Calls `f(session)` for each that was added before; what is added meanwhile is for the next turn.  Not from within `f`.
  template <typename F>
  void for_each_resumed(F f) {
    for_each(resume_, f);
  }
  template <typename F>
  void for_each_flushed(F f) {
    for_each(flush_, f);
  }
  // The turn is being ended: from now on new work schedules another.
  void disarm() { armed_ = false; }

 private:
  using Sessions = std::vector<std::shared_ptr<Session>>;
  // The memory of so many places is kept for the next turn.
  static constexpr std::size_t kKeptPlaces = 1024;

  template <typename F>
  void for_each(Sessions& list, F& f) {
    current_.swap(list);
    for (const std::shared_ptr<Session>& session : current_) f(*session);
    current_.clear();
    if (current_.capacity() > kKeptPlaces) Sessions().swap(current_);
  }

  void add(Sessions& list, std::shared_ptr<Session> session) {
    list.push_back(std::move(session));
    arm();
  }
  void arm() {
    if (!std::exchange(armed_, true)) schedule_();
  }

  std::function<void()> schedule_;
  Sessions resume_;
  Sessions flush_;
  Sessions current_;  // being called
  bool armed_ = false;
};

}  // namespace respgate::proxy
