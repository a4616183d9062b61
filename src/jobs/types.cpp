#include "jobs/types.h"

namespace fabrica::jobs {

bool never_met(DependencyKind kind, Outcome outcome) {
  if (kind == DependencyKind::after_ok) return outcome != Outcome::completed;
  return kind == DependencyKind::after_not_ok && outcome == Outcome::completed;
}

std::optional<ComputeTime> cost(Rational units, Duration duration) {
  if (units.numerator < 0 || units.denominator <= 0 || duration.ms < 0) return std::nullopt;
  __extension__ using Wide = __int128;
  const Wide exact = (static_cast<Wide>(units.numerator) * duration.ms + units.denominator - 1) /
                     units.denominator;
  if (exact > amount_max.unit_ms()) return std::nullopt;
  return ComputeTime{static_cast<std::int64_t>(exact)};
}

}  // namespace fabrica::jobs
