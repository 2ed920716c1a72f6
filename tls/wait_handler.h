// What is called once when a wait is over: std::function, but for what can only be moved, and without memory of its own
// for a lambda that holds a shared_ptr and no more.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "tls/transfer.h"

namespace respgate::tls {

class WaitHandler {
 public:
  WaitHandler() = default;
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, WaitHandler>)
      WaitHandler(F&& f) {  // NOLINT(*-explicit-*): lambdas are passed where it is expected
    using Callable = std::remove_cvref_t<F>;
    if constexpr (kFits<Callable>) {
      ::new (room_) Callable(std::forward<F>(f));
      actions_ = &kInPlace<Callable>;
    } else {
      using Owner = std::unique_ptr<Callable>;
      ::new (room_) Owner(std::make_unique<Callable>(std::forward<F>(f)));
      actions_ = &kOnHeap<Callable>;
    }
  }
  WaitHandler(WaitHandler&& other) noexcept { take(other); }
  WaitHandler& operator=(WaitHandler&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }
  ~WaitHandler() { reset(); }

  explicit operator bool() const { return actions_ != nullptr; }
  // REQUIRES: it is not empty.
  void operator()(const error_code& error) { actions_->call(room_, error); }

 private:
  static constexpr std::size_t kRoom = 2 * sizeof(void*);
  struct Actions {
    void (*call)(void* room, const error_code& error);
    void (*move)(void* from, void* to) noexcept;  // and destroys what is left of it
    void (*destroy)(void* room) noexcept;
  };
  template <typename T>
  static constexpr bool kFits = sizeof(T) <= kRoom && alignof(T) <= alignof(void*) && std::is_nothrow_move_constructible_v<T>;

  template <typename T>
  static T& in(void* room) {
    return *std::launder(static_cast<T*>(room));
  }
  template <typename T>
  static void move(void* from, void* to) noexcept {
    ::new (to) T(std::move(in<T>(from)));
    in<T>(from).~T();
  }
  template <typename T>
  static void destroy(void* room) noexcept {
    in<T>(room).~T();
  }
  template <typename T>
  static constexpr Actions kInPlace{[](void* room, const error_code& error) { in<T>(room)(error); }, move<T>, destroy<T>};
  template <typename T>
  static constexpr Actions kOnHeap{[](void* room, const error_code& error) { (*in<std::unique_ptr<T>>(room))(error); },
                                   move<std::unique_ptr<T>>, destroy<std::unique_ptr<T>>};

  void take(WaitHandler& other) noexcept {
    actions_ = std::exchange(other.actions_, nullptr);
    if (actions_ != nullptr) actions_->move(other.room_, room_);
  }
  void reset() noexcept {
    if (const Actions* actions = std::exchange(actions_, nullptr)) actions->destroy(room_);
  }

  const Actions* actions_ = nullptr;
  alignas(void*) std::byte room_[kRoom];
};

}  // namespace respgate::tls
