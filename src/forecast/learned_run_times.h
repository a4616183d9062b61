#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "forecast/run_time_model.h"

namespace fabrica::forecast {

/// Expects of a job the mean of what recent similar ones did: of the last five of its user's with
/// the same limit; where these say nothing, of its user's last five; then of anybody's last five
/// with the same limit. Of a job that runs already only those count that ran longer than it has by
/// now; where it has outlived them all, it is corrected as one that has overrun. Where nothing is
/// known, the limit.
class LearnedRunTimes final : public RunTimeModel {
 public:
  Duration expected(const Job& job, Duration elapsed) const override;
  void ended(const Job& job) override;

 private:
  static constexpr std::size_t runs_kept = 5;
  static constexpr std::size_t lists_max = std::size_t{1} << 20U;  // 64 MiB; no new ones after that

  // Which jobs are similar: those of a user, those with a limit, or both.
  struct Likeness {
    std::int64_t user = anybody;
    std::int64_t limit_ms = any_limit;
    friend auto operator<=>(const Likeness&, const Likeness&) = default;
  };
  static constexpr std::int64_t anybody = -1;
  static constexpr std::int64_t any_limit = -1;

  struct Recent {
    std::array<std::int64_t, runs_kept> runs_ms{};
    std::uint32_t ended = 0;  // the next one comes to this place modulo runs_kept

    std::optional<std::int64_t> mean_ms_above(std::int64_t elapsed_ms, std::int64_t limit_ms) const;
  };

  static std::array<Likeness, 3> likenesses(const Job& job);

  std::map<Likeness, Recent> recent_;
};

}  // namespace fabrica::forecast
