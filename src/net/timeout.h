#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "base/time.h"
#include "net/oneshot.h"

namespace fabrica::net {

/// The value, or nothing when it does not come in time; a completion after that does nothing.
template <class T>
boost::asio::awaitable<std::optional<T>> wait_at_most(Oneshot<T> value, Duration at_most) {
  using namespace boost::asio::experimental::awaitable_operators;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(at_most.ms));
  auto first = co_await (value.wait() || timer.async_wait(boost::asio::use_awaitable));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return std::nullopt;
}

}  // namespace fabrica::net
