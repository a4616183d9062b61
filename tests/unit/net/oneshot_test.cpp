#include "net/oneshot.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fabrica::net {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> wait_for(Oneshot<std::unique_ptr<int>> oneshot, int* sum) {
  *sum += *co_await oneshot.wait();
}

TEST(Oneshot, HandsOverWhatCameBefore) {
  asio::io_context context;
  int sum = 0;
  const Oneshot<std::unique_ptr<int>> oneshot;
  oneshot.complete(std::make_unique<int>(7));
  asio::co_spawn(context, wait_for(oneshot, &sum), asio::detached);
  context.run();
  EXPECT_EQ(sum, 7);
}

TEST(Oneshot, HandsOverWhatComesLater) {
  asio::io_context context;
  int sum = 0;
  const Oneshot<std::unique_ptr<int>> oneshot;
  asio::co_spawn(context, wait_for(oneshot, &sum), asio::detached);
  context.poll();
  EXPECT_EQ(sum, 0);
  oneshot.complete(std::make_unique<int>(7));
  context.restart();
  context.run();
  EXPECT_EQ(sum, 7);
}

TEST(Oneshot, ThrowsWhenCancelledAndThenTakesAnything) {
  asio::io_context context;
  asio::cancellation_signal signal;
  int sum = 0;
  std::exception_ptr thrown;
  const Oneshot<std::unique_ptr<int>> oneshot;
  asio::co_spawn(context, wait_for(oneshot, &sum),
                 asio::bind_cancellation_slot(signal.slot(),
                                              [&](std::exception_ptr error) { thrown = error; }));
  context.poll();
  // On the waiter's thread, as everything that touches it but complete().
  asio::post(context, [&] {
    signal.emit(asio::cancellation_type::terminal);
    oneshot.complete(std::make_unique<int>(7));
  });
  context.restart();
  context.run();
  EXPECT_EQ(sum, 0);
  EXPECT_TRUE(thrown);
}

TEST(OneshotDeathTest, IsCompletedOnce) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Oneshot<int> oneshot;
  oneshot.complete(1);
  EXPECT_DEATH(oneshot.complete(2), "completed once");
}

asio::awaitable<void> add_up(std::vector<Oneshot<int>> oneshots, long* sum) {
  for (const Oneshot<int>& oneshot : oneshots) *sum += co_await oneshot.wait();
}

// Two threads complete what two coroutines on a third wait for, before, while and after they do.
TEST(Oneshot, StandsManyThreads) {
  constexpr int each = 20'000;
  asio::io_context context(1);
  std::vector<Oneshot<int>> all[2] = {std::vector<Oneshot<int>>(each),
                                      std::vector<Oneshot<int>>(each)};
  long sums[2] = {0, 0};
  std::vector<std::thread> completers;
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(context, add_up(all[i], &sums[i]), asio::detached);
    completers.emplace_back([&mine = all[i]] {
      for (int n = 0; n < each; ++n) mine[static_cast<std::size_t>(n)].complete(n);
    });
  }
  auto work = asio::make_work_guard(context);
  std::thread runner([&] { context.run(); });
  for (std::thread& completer : completers) completer.join();
  work.reset();  // each that still waits has been posted to, so run() sees it to its end
  runner.join();
  EXPECT_EQ(sums[0], static_cast<long>(each) * (each - 1) / 2);
  EXPECT_EQ(sums[1], sums[0]);
}

}  // namespace
}  // namespace fabrica::net
