#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// How long jobs will probably run: the mean of what the last two of their user's that have ended
/// did (Tsafrir, Etsion and Feitelson, 2007), at most the limit. The limit, for whom nothing is
/// known. Learns from ends alone, so that it says what could be known then.
class RunTimes {
 public:
  /// Above zero, at most the limit.
  Duration expected(const Job& job) const {
    if (job.user >= last_.size() || last_[job.user][0] == none) return job.limit;
    const auto& [newer, older] = last_[job.user];
    const std::int64_t mean = older == none ? newer : newer + (older - newer) / 2;
    return milliseconds(std::clamp<std::int64_t>(mean, 1, job.limit.ms));
  }

  void ended(const Job& job) {
    if (job.user >= users_max) return;
    if (job.user >= last_.size()) last_.resize(std::size_t{job.user} + 1, {none, none});
    auto& [newer, older] = last_[job.user];
    older = newer;
    newer = job.run.ms;
  }

 private:
  static constexpr std::int64_t none = -1;
  static constexpr std::uint32_t users_max = 1U
                                             << 20U;  // of users with higher numbers none is known

  std::vector<std::array<std::int64_t, 2>> last_;  // runs of each user, in milliseconds
};

}  // namespace fabrica::forecast
