#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace fabrica::forecast {

/// How long a wait may be: eight in ten are between the least and the most.
struct WaitRange {
  Duration least;
  Duration most;
};

/// How far waits turn out to be from what was predicted: the ratio of actual to predicted wait, of
/// the last thousand jobs whose prediction was as long as this one, within a doubling. Each machine
/// has its own. Below a minute or so ratios say nothing, so a minute is added to both.
class WaitCalibration {
 public:
  /// From the tenth to the ninetieth of a hundred of those ratios, widened where that leaves the
  /// prediction out. While fewer than sixteen are known: from a quarter to four times.
  WaitRange range(Duration predicted) const;

  /// A job for which this was predicted has started. Waits are not below zero.
  void started(Duration predicted, Duration actual);

 private:
  using Ratio = std::uint32_t;  // in 65,536ths
  static constexpr std::size_t ratios_kept = 1'000;
  static constexpr std::size_t ratios_needed = 16;

  struct Bucket {
    std::vector<Ratio> recent;  // a ring once it is full
    std::vector<Ratio> sorted;  // the same ones
    std::size_t oldest = 0;     // of the ring
    void add(Ratio ratio);
  };

  static std::size_t bucket_of(Duration predicted);

  std::array<Bucket, 64> buckets_;
};

}  // namespace fabrica::forecast
