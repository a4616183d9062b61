#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "forecast/job.h"

namespace fabrica::forecast {

/// First come, first served: nobody starts ahead of one who has waited longer.
class Fcfs {
 public:
  Fcfs(std::int32_t width, const Job* jobs) : jobs_(jobs), free_(width) {}

  std::size_t waiting() const { return queue_.size(); }
  Time next_start() const { return never; }
  void advance(Time /*now*/) {}
  void arrived(JobIndex job) { queue_.push_back(job); }
  void ended(JobIndex job, Time /*requested_end*/) { free_ += jobs_[job].width; }
  bool matters(JobIndex job) const { return jobs_[job].width <= free_; }

  template <class Start>
  void pass(Start&& start) {
    while (!queue_.empty() && jobs_[queue_.front()].width <= free_) {
      const JobIndex head = queue_.front();
      queue_.pop_front();
      free_ -= jobs_[head].width;
      start(head);
    }
  }

 private:
  const Job* jobs_;
  std::deque<JobIndex> queue_;
  std::int32_t free_;
};

}  // namespace fabrica::forecast
