#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "jobs/types.h"
#include "kernel/state.h"
#include "net/http.h"

namespace fabrica::api {

/// Streams that wait for something to happen, so that none has to ask again and again. The writer
/// rings after each group of commands. May be used from any thread.
class Watchers : public std::enable_shared_from_this<Watchers> {
 public:
  /// One stream's place among the waiting, left at the end of its life.
  class Watch {
   public:
    Watch(std::shared_ptr<Watchers> of, std::uint64_t number)
        : of_(std::move(of)), number_(number) {}
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { of_->leave(number_); }

    /// True when there were news since the last call, and at the first call.
    bool take_news() const { return of_->take_news(number_); }

   private:
    std::shared_ptr<Watchers> of_;
    std::uint64_t number_;
  };

  /// Woken whenever State has changed.
  Watch any_event(net::Waker waker);
  /// Woken when the job has come to another phase, or one of its tasks has ended.
  Watch job(jobs::JobId job, net::Waker waker);

  /// On the writer's thread.
  void ring(const State& state);

  std::size_t waiting() const { return count_.load(std::memory_order_relaxed); }
  std::uint64_t live_jobs() const { return live_jobs_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    net::Waker waker;
    jobs::JobId job;  // none: everything
    std::optional<std::uint64_t> seen;
    bool news = true;
  };

  Watch enter(Entry entry);
  void leave(std::uint64_t number);
  bool take_news(std::uint64_t number);

  std::mutex mutex_;
  std::map<std::uint64_t, Entry> entries_;
  std::uint64_t last_number_ = 0;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint64_t> live_jobs_{0};
};

}  // namespace fabrica::api
