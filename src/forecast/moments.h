#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// Jobs by the moment at which something happens to them, the next first; of one moment, in the
/// order in which they were added. A heap with four children a node: half as deep as one with two,
/// and the four lie in one or two cache lines.
class Moments {
 public:
  struct Entry {
    Time at;
    std::uint32_t number = 0;
    JobIndex job = 0;
  };

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

  /// The next one; there must be one.
  const Entry& next() const { return heap_.front(); }
  Time next_time() const { return heap_.empty() ? never : heap_.front().at; }

  void push(Time at, JobIndex job) {
    const Entry added{at, pushed_++, job};
    std::size_t hole = heap_.size();
    heap_.push_back(added);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (!before(added, heap_[parent])) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = added;
  }

  /// Removes the next one; there must be one.
  Entry pop() {
    const Entry popped = heap_.front();
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
    return popped;
  }

 private:
  static bool before(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at < b.at : a.number < b.number;
  }

  // Puts an entry where the first was taken away.
  void sink(const Entry& entry) {
    const std::size_t size = heap_.size();
    std::size_t hole = 0;
    for (std::size_t child = 1; child < size; child = 4 * hole + 1) {
      std::size_t least = child;
      const std::size_t end = child + 4 < size ? child + 4 : size;
      for (std::size_t other = child + 1; other < end; ++other) {
        if (before(heap_[other], heap_[least])) least = other;
      }
      if (!before(heap_[least], entry)) break;
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = entry;
  }

  std::vector<Entry> heap_;
  std::uint32_t pushed_ = 0;
};

}  // namespace fabrica::forecast
