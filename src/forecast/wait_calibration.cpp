#include "forecast/wait_calibration.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace fabrica::forecast {

namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t one = 65'536;
constexpr Duration added = minutes(1);
constexpr Duration longest = days(366'000);  // keeps what is computed from it within 64 bits

// What such a ratio makes of a prediction.
Duration times(Duration predicted, std::int64_t ratio) {
  const Wide ms = Wide{(predicted + added).ms} * ratio / one - added.ms;
  return milliseconds(static_cast<std::int64_t>(std::clamp<Wide>(ms, 0, longest.ms)));
}

}  // namespace

std::size_t WaitCalibration::bucket_of(Duration predicted) {
  return std::bit_width(static_cast<std::uint64_t>((predicted + added).ms));
}

void WaitCalibration::Bucket::add(Ratio ratio) {
  if (recent.size() == ratios_kept) {
    sorted.erase(std::lower_bound(sorted.begin(), sorted.end(), recent[oldest]));
    recent[oldest] = ratio;
    oldest = (oldest + 1) % ratios_kept;
  } else {
    recent.push_back(ratio);
  }
  sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), ratio), ratio);
}

WaitRange WaitCalibration::range(Duration predicted) const {
  const std::vector<Ratio>& ratios = buckets_[bucket_of(predicted)].sorted;
  std::int64_t low = one / 4;
  std::int64_t high = one * 4;
  if (ratios.size() >= ratios_needed) {
    const std::size_t outside = (ratios.size() + 1) / 10 - 1;  // at either end
    low = ratios[outside];
    high = ratios[ratios.size() - 1 - outside];
  }
  return {std::min(predicted, times(predicted, low)), std::max(predicted, times(predicted, high))};
}

void WaitCalibration::started(Duration predicted, Duration actual) {
  const Wide ratio = Wide{(actual + added).ms} * one / (predicted + added).ms;
  buckets_[bucket_of(predicted)].add(
      static_cast<Ratio>(std::min<Wide>(ratio, std::numeric_limits<Ratio>::max())));
}

}  // namespace fabrica::forecast
