#include "placement/outlook.h"

#include <utility>

namespace fabrica::placement {

namespace {

constexpr std::int64_t tenths = 10;

constexpr std::array<std::pair<Instead, Dispatcher::Less>, 3> changes{{
    {Instead::half_the_time, {.limit_parts = 2, .width_parts = 1}},
    {Instead::half_the_width, {.limit_parts = 1, .width_parts = 2}},
    {Instead::half_of_both, {.limit_parts = 2, .width_parts = 2}},
}};

}  // namespace

Outlook outlook_of(const Dispatcher& dispatcher, jobs::JobId job, Time now) {
  Outlook outlook;
  outlook.chances = dispatcher.chances_of(job);
  outlook.beginning = Dispatcher(dispatcher).beginning_of(job);
  // As good as begun.
  if (outlook.beginning && outlook.beginning->at <= now) outlook.beginning.reset();
  if (!outlook.beginning || outlook.chances.empty()) return outlook;
  const Duration wait = outlook.beginning->at - now;
  for (const auto& [instead, less] : changes) {
    Dispatcher other(dispatcher);
    other.ask_less(job, less);
    const auto beginning = std::move(other).beginning_of(job);
    if (beginning && (outlook.beginning->at - beginning->at) * tenths > wait)
      outlook.sooner.push_back({instead, *beginning});
  }
  return outlook;
}

}  // namespace fabrica::placement
