#include "api/watchers.h"

#include <utility>

namespace fabrica::api {

namespace {

// Differs whenever a waiting stream would want to look at the job again.
std::uint64_t signature_of(const State& state, jobs::JobId id) {
  const jobs::Job* job = state.jobs.jobs.find(id);
  if (job == nullptr) return 0;  // it ended long ago
  return (std::uint64_t{job->tasks_left} << 8U | static_cast<std::uint64_t>(job->phase)) + 1;
}

}  // namespace

Watchers::Watch Watchers::any_event(net::Waker waker) { return enter({std::move(waker), {}, {}}); }

Watchers::Watch Watchers::job(jobs::JobId job, net::Waker waker) {
  return enter({std::move(waker), job, {}});
}

Watchers::Watch Watchers::enter(Entry entry) {
  const std::lock_guard lock(mutex_);
  entries_.emplace(++last_number_, std::move(entry));
  count_.store(entries_.size(), std::memory_order_relaxed);
  return {shared_from_this(), last_number_};
}

void Watchers::leave(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  entries_.erase(number);
  count_.store(entries_.size(), std::memory_order_relaxed);
}

bool Watchers::take_news(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  return std::exchange(entries_.at(number).news, false);
}

void Watchers::ring(const State& state) {
  live_jobs_.store(state.jobs.live, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  for (auto& [number, entry] : entries_) {
    if (entry.job) {
      const std::uint64_t now = signature_of(state, entry.job);
      if (std::exchange(entry.seen, now) == now) continue;
    }
    entry.news = true;
    entry.waker.wake();
  }
}

}  // namespace fabrica::api
