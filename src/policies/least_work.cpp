#include "policies/least_work.h"

#include <fmt/core.h>

#include <algorithm>

namespace fabrica::policies {

namespace {

// -1, 0 or 1 as `a` has less, as much or more work for its size than `b`.
int compare_load(const jobs::Offer& a, const jobs::Offer& b) {
  __extension__ using Wide = __int128;
  const Wide left = static_cast<Wide>(a.work.unit_ms()) *
                    static_cast<Wide>(std::max<std::uint64_t>(1, b.units_total));
  const Wide right = static_cast<Wide>(b.work.unit_ms()) *
                     static_cast<Wide>(std::max<std::uint64_t>(1, a.units_total));
  return left < right ? -1 : (left > right ? 1 : 0);
}

bool better(const jobs::Offer& a, const jobs::Offer& b) {
  if (const int load = compare_load(a, b); load != 0) return load < 0;
  if (a.balance_after != b.balance_after) return a.balance_after > b.balance_after;
  return a.partition < b.partition;
}

}  // namespace

jobs::PlacementAnswer least_work(const jobs::PlacementQuestion& question) {
  const auto best = std::ranges::min_element(question.offers, better);
  const auto chosen = static_cast<std::size_t>(best - question.offers.begin());
  if (question.offers.size() == 1) return {chosen, "the only partition that can take it"};
  return {chosen, fmt::format("{} of {} partitions: {} unit-hours of work on {} units", chosen + 1,
                              question.offers.size(), to_hours(best->work), best->units_total)};
}

}  // namespace fabrica::policies
