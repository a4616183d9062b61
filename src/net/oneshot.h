#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"

namespace fabrica::net {

/// One value, handed from any thread to one coroutine that waits for it. Copies share the value:
/// keep one to wait on, give one to who will complete it.
///
/// The waiter resumes on its own executor. Completions that come while that thread is busy are
/// queued to it and wake it once together. When the waiter is cancelled (its connection was cut),
/// wait() throws operation_aborted and a later complete() does nothing.
template <class T>
class Oneshot {
 public:
  Oneshot() : state_(std::make_shared<State>()) {}

  /// Once, from any thread, also before wait().
  void complete(T value) const {
    // Posting under the lock keeps the waiter from going on, and its server from being taken
    // apart, before post() has let go of the executor.
    const std::scoped_lock lock(state_->mutex);
    CHECK(!state_->completed, "a Oneshot is completed once");
    state_->completed = true;
    if (state_->abandoned) return;
    state_->value.emplace(std::move(value));
    if (state_->resume) std::exchange(state_->resume, nullptr)();
  }

  /// Once. Must not outlive the completer for ever: somebody has to complete it.
  boost::asio::awaitable<T> wait() const { return wait_for(state_); }

 private:
  struct State {
    std::mutex mutex;
    std::optional<T> value;
    std::move_only_function<void()> resume;  // posts the waiter to its executor
    bool completed = false;
    bool abandoned = false;
  };

  static boost::asio::awaitable<T> wait_for(std::shared_ptr<State> state) {
    if (std::optional<T> ready = take(*state)) co_return std::move(*ready);
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        Start{state}, boost::asio::use_awaitable);
    std::optional<T> value = take(*state);
    if (!value) throw boost::system::system_error(boost::asio::error::operation_aborted);
    co_return std::move(*value);
  }

  static std::optional<T> take(State& state) {
    const std::scoped_lock lock(state.mutex);
    return std::exchange(state.value, std::nullopt);
  }

  // Keeps the suspended waiter until complete() or a cancellation, whichever comes first.
  struct Start {
    std::shared_ptr<State> state;

    template <class Waiter>
    void operator()(Waiter&& waiter) const {
      const auto executor = boost::asio::get_associated_executor(waiter);
      auto slot = boost::asio::get_associated_cancellation_slot(waiter);
      if (slot.is_connected()) {
        slot.assign([state = state](boost::asio::cancellation_type) { abandon(*state); });
      }
      const std::scoped_lock lock(state->mutex);
      state->resume = [executor, waiter = std::forward<Waiter>(waiter)]() mutable {
        boost::asio::post(executor, std::move(waiter));
      };
      if (state->value) std::exchange(state->resume, nullptr)();
    }
  };

  static void abandon(State& state) {
    const std::scoped_lock lock(state.mutex);
    if (!state.resume) return;
    state.abandoned = true;
    std::exchange(state.resume, nullptr)();
  }

  std::shared_ptr<State> state_;
};

}  // namespace fabrica::net
