#include "simulate/lublin.h"

#include <algorithm>

#include "base/check.h"
#include "simulate/variates.h"

namespace fabrica::simulate {

namespace {

struct Gamma {
  Fixed shape;
  Fixed scale;
};

constexpr Fixed decimal(std::int64_t ten_thousandths) {
  return Fixed::ratio(ten_thousandths, 10'000);
}

struct Parameters {
  Fixed serial;        // share of jobs that are 1 wide
  Fixed power_of_two;  // share of those whose width is a power of two
  Fixed width_low;     // logarithms to the base 2, of a machine 128 wide
  Fixed width_middle;
  Fixed width_high;
  Fixed below_middle;  // share of those up to the middle
  Gamma short_runs;    // of logarithms to the base e, of seconds
  Gamma long_runs;
  Fixed short_share_slope;  // share of short ones: slope times width, and what is added
  Fixed short_share_base;
  Gamma gaps;        // of logarithms to the base e, of seconds
  Gamma half_hours;  // of the day from the eleventh on
};

// By Type. The shape of the gaps is the product of the program's AARR and ARAR.
constexpr std::array<Parameters, 2> parameters{
    {{decimal(1'541),
      decimal(6'250),
      decimal(10'000),
      decimal(30'000),
      decimal(55'000),
      decimal(7'050),
      {decimal(38'351), decimal(6'605)},
      {decimal(70'730), decimal(6'856)},
      decimal(-118),
      decimal(9'156),
      {decimal(65'510) * decimal(9'797), decimal(6'621)},
      {decimal(89'186), decimal(36'680)}},
     {decimal(2'927),
      decimal(6'686),
      decimal(12'000),
      decimal(50'000),
      decimal(70'000),
      decimal(8'750),
      {decimal(65'700), decimal(8'230)},
      {decimal(6'391'000), decimal(156)},
      decimal(-30),
      decimal(6'986),
      {decimal(60'415) * decimal(10'519), decimal(8'531)},
      {decimal(61'271), decimal(52'740)}}}};

constexpr Fixed log_run_max = Fixed::of(12);  // two days; longer ones are drawn again
constexpr Fixed log_gap_max = Fixed::of(13);  // five days, likewise
constexpr std::int64_t half_hours_of_day = 48;
constexpr std::int64_t first_half_hour = 11;

const Parameters& of(LublinModel::Type type) { return parameters[static_cast<std::size_t>(type)]; }

Fixed draw_at_most(Random& random, const Gamma& distribution, Fixed most) {
  for (;;) {
    const Fixed drawn = gamma(random, distribution.shape) * distribution.scale;
    if (drawn <= most) return drawn;
  }
}

// Of the density up to a factor, so that it is 1 at its peak.
Fixed density(const Gamma& distribution, Fixed x) {
  const auto log_of = [&](Fixed at) {
    return (distribution.shape - Fixed::of(1)) * log2(at) - at / distribution.scale * log2_e;
  };
  return exp2(log_of(x) - log_of((distribution.shape - Fixed::of(1)) * distribution.scale));
}

// Simpson's rule over the eight eighths of the half hour around `middle`.
Fixed within(const Gamma& distribution, std::int64_t middle) {
  Fixed sum;
  for (std::int64_t step = 0; step <= 8; ++step) {
    const std::int64_t times = step == 0 || step == 8 ? 1 : step % 2 == 0 ? 2 : 4;
    sum = sum + density(distribution, Fixed::ratio(8 * middle - 4 + step, 8)) * Fixed::of(times);
  }
  return sum / Fixed::of(24);
}

}  // namespace

std::vector<Fixed> lublin_half_hours(LublinModel::Type type) {
  std::vector<Fixed> weights(half_hours_of_day);
  for (std::int64_t at = first_half_hour; at < first_half_hour + half_hours_of_day; ++at) {
    weights[static_cast<std::size_t>((at - 1) % half_hours_of_day)] =
        within(of(type).half_hours, at);
  }
  return weights;
}

Cycle lublin_cycle(LublinModel::Type type, const std::vector<std::uint32_t>& days) {
  const std::vector<Fixed> day = lublin_half_hours(type);
  if (days.empty()) return {day, 1'800};
  const std::uint32_t most = std::max<std::uint32_t>(std::ranges::max(days), 1);
  std::vector<Fixed> week;
  for (const std::uint32_t weight : days) {
    for (const Fixed half_hour : day) week.push_back(half_hour * Fixed::ratio(weight, most));
  }
  return {std::move(week), 1'800};
}

LublinModel::LublinModel(std::int32_t width, Random random) : random_(random), width_(width) {
  CHECK(width >= 8 && width <= 1 << 24, "a machine that the model can be shifted to");
  move_on(Type::batch);
  move_on(Type::interactive);
}

void LublinModel::move_on(Type type) {
  const Fixed gap = draw_at_most(random_, of(type).gaps, log_gap_max);
  next_ms_[static_cast<std::size_t>(type)] += (exp2(gap * log2_e) * Fixed::of(1'000)).floor();
}

std::int32_t LublinModel::draw_width(Type type) {
  const Parameters& given = of(type);
  const Fixed kind = uniform(random_);
  if (kind < given.serial) return 1;
  const Fixed shift = log2_of(static_cast<std::uint64_t>(width_)) - Fixed::of(7);
  const Fixed middle = given.width_middle + shift;
  const bool is_below = happens(random_, given.below_middle);
  const Fixed low = is_below ? given.width_low : middle;
  const Fixed high = is_below ? middle : given.width_high + shift;
  Fixed log_width = low + (high - low) * uniform(random_);
  const Fixed half = Fixed::ratio(1, 2);
  if (kind < given.serial + given.power_of_two) log_width = Fixed::of((log_width + half).floor());
  const std::int64_t width = (exp2(log_width) + half).floor();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(width, 1, width_));
}

std::int64_t LublinModel::draw_run_s(Type type, std::int32_t width) {
  const Parameters& given = of(type);
  const Fixed short_share = given.short_share_slope * Fixed::of(width) + given.short_share_base;
  for (;;) {
    const Gamma& runs = happens(random_, short_share) ? given.short_runs : given.long_runs;
    const Fixed log_run = gamma(random_, runs.shape) * runs.scale;
    if (log_run <= log_run_max) return exp2(log_run * log2_e).floor();
  }
}

LublinModel::Drawn LublinModel::next() {
  const Type type = next_ms_[1] < next_ms_[0] ? Type::batch : Type::interactive;
  Drawn drawn{std::ranges::min(next_ms_), 0, draw_width(type), type};
  drawn.run_s = draw_run_s(type, drawn.width);
  move_on(type);
  return drawn;
}

}  // namespace fabrica::simulate
