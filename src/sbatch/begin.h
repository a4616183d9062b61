#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/describe.h"
#include "base/result.h"
#include "base/time.h"

namespace fabrica::sbatch {

/// now: `offset` from now. clock: the next time it is `second_of_day`. date: a day of a year and a
/// time of day. day_of_year: the next such day. today and tomorrow: with a time of day.
enum class BeginForm : std::uint8_t { now, clock, date, day_of_year, today, tomorrow };
FABRICA_DESCRIBE_ENUM(BeginForm, now, clock, date, day_of_year, today, tomorrow)

/// A moment as --begin and --deadline name it, in the clock of the site that runs the job.
struct Moment {
  BeginForm form = BeginForm::now;
  Duration offset;
  std::uint32_t second_of_day = 0;
  std::uint32_t year = 0;
  std::uint32_t month = 0;
  std::uint32_t day = 0;

  friend bool operator==(const Moment&, const Moment&) = default;
};
FABRICA_DESCRIBE(Moment, form, offset, second_of_day, year, month, day)

/// "16:00", "10:30PM", "noon", "midnight", "fika", "teatime", "now", "now+2hours", "today",
/// "tomorrow", "2030-01-20T12:34", "01/20", "01/20/30", "01.20.30", "0120", "012030", and a day
/// with a time.
Result<Moment> parse_moment(std::string_view text);

/// The moment meant at `now`, where the site's clock is `utc_offset` ahead of UTC. A time of day
/// that is over is tomorrow's, a day of the year that is over next year's.
Time resolve(const Moment& moment, Time now, Duration utc_offset);

}  // namespace fabrica::sbatch
