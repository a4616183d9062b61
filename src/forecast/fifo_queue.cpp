#include "forecast/fifo_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fabrica::forecast {

namespace {

// Sixteen numbers at once; the compiler makes of them what the processor has.
using Lanes = std::int32_t __attribute__((ext_vector_type(16)));
using Flags = bool __attribute__((ext_vector_type(16)));

std::int32_t least_of(const std::int32_t (&numbers)[16]) {
  Lanes lanes;
  std::memcpy(&lanes, numbers, sizeof lanes);
  return __builtin_reduce_min(lanes);
}

// A bit for each child that, by its smallest width and its shortest limit, may hold one that fits.
unsigned may_fit_of(const std::int32_t (&widths)[16], const std::int32_t (&limits)[16],
                    std::int32_t free, std::int32_t spare, std::int32_t window) {
  Lanes width;
  Lanes limit;
  std::memcpy(&width, widths, sizeof width);
  std::memcpy(&limit, limits, sizeof limit);
  const Flags fits =
      __builtin_convertvector((width <= free) & ((limit <= window) | (width <= spare)), Flags);
  return std::bit_cast<std::uint16_t>(fits);
}

}  // namespace

// Makes an empty tree over at least so many places.
void FifoQueue::clear(std::size_t places) {
  Node empty;
  std::fill(std::begin(empty.widths), std::end(empty.widths), nobody);
  std::fill(std::begin(empty.limits), std::end(empty.limits), nobody);
  levels_.clear();
  std::size_t nodes = places;
  do {
    nodes = (nodes + fan - 1) / fan;
    levels_.emplace_back(nodes, empty);
  } while (nodes > 1);
  jobs_.clear();
  jobs_.reserve(levels_[0].size() * fan);
}

// Moves the waiting jobs to the front, where places have become free, and makes the tree as large
// as gives room for as many again.
void FifoQueue::grow() {
  struct Waiting {
    JobIndex job;
    std::int32_t width;
    std::int32_t limit;
  };
  std::vector<Waiting> waiting;
  waiting.reserve(size_);
  std::size_t cursor = 0;
  for (std::size_t place = head_; place < jobs_.size(); ++place) {
    const Node& node = levels_[0][place / fan];
    if (node.widths[place % fan] == nobody) continue;
    if (place < cursor_) cursor += 1;
    waiting.push_back({jobs_[place], node.widths[place % fan], node.limits[place % fan]});
  }
  clear(std::max(fan * fan, 2 * waiting.size()));
  for (const Waiting& one : waiting) {
    jobs_.push_back(one.job);
    set(jobs_.size() - 1, one.width, one.limit);
  }
  head_ = 0;
  cursor_ = cursor;
}

void FifoQueue::set(std::size_t place, std::int32_t width, std::int32_t limit) {
  for (Level& level : levels_) {
    Node& node = level[place / fan];
    node.widths[place % fan] = std::min(node.widths[place % fan], width);
    node.limits[place % fan] = std::min(node.limits[place % fan], limit);
    place /= fan;
  }
}

bool FifoQueue::may_fit(std::int32_t free) const {
  return least_of(levels_.back()[0].widths) <= free;
}

void FifoQueue::append(JobIndex job, const Job& properties) {
  if (jobs_.size() == levels_[0].size() * fan) grow();
  jobs_.push_back(job);
  set(jobs_.size() - 1, properties.width, static_cast<std::int32_t>(properties.limit.ms / tick_ms));
  size_ += 1;
}

void FifoQueue::take(std::size_t place) {
  const std::size_t taken = place;
  std::int32_t width = nobody;
  std::int32_t limit = nobody;
  for (Level& level : levels_) {
    Node& node = level[place / fan];
    if (node.widths[place % fan] == width && node.limits[place % fan] == limit) break;
    node.widths[place % fan] = width;
    node.limits[place % fan] = limit;
    width = least_of(node.widths);
    limit = least_of(node.limits);
    place /= fan;
  }
  size_ -= 1;
  if (size_ == 0) {
    jobs_.clear();  // the tree is empty: begin anew at its first place
    head_ = cursor_ = 0;
  } else if (taken == head_) {
    head_ = find(taken + 1, nobody - 1, nobody - 1, nobody - 1);
  }
}

// The first place from there on whose width is at most `free`, or `spare` where its limit is beyond
// the window. A node may promise what no one place below it keeps: then the search goes on behind.
std::size_t FifoQueue::find(std::size_t from, std::int32_t free, std::int32_t spare,
                            std::int32_t window) const {
  std::size_t level = 0;
  std::size_t at = from;
  while (level < levels_.size() && at / fan < levels_[level].size()) {
    const Node& node = levels_[level][at / fan];
    const unsigned fits =
        may_fit_of(node.widths, node.limits, free, spare, window) & (~0U << (at % fan));
    if (fits == 0) {
      at = at / fan + 1;
      level += 1;
    } else {
      at = at / fan * fan + static_cast<std::size_t>(std::countr_zero(fits));
      if (level == 0) return at;
      at *= fan;
      level -= 1;
    }
  }
  return jobs_.size();
}

}  // namespace fabrica::forecast
