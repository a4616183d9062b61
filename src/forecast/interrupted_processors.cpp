#include "forecast/interrupted_processors.h"

namespace fabrica::forecast {

void InterruptedProcessors::reserve(const Job& job) {
  reserved_ = job;
  shadow_ = profile_.earliest(job.width, job.limit);
  profile_.take(shadow_, shadow_ + job.limit, job.width);
}

// What is free can fall several times: where outages begin, and at the reservation.
Gap InterruptedProcessors::gap() {
  narrowings_.clear();
  profile_.each_fall([&](Time at, std::int32_t left) { narrowings_.push_back({at - now_, left}); });
  if (narrowings_.empty()) return {free(), free(), {}};
  return {free(), narrowings_[0].width, narrowings_[0].longer_than,
          std::span(narrowings_).subspan(1)};
}

}  // namespace fabrica::forecast
