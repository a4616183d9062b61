#include "sites/simulated/fate.h"

#include <algorithm>

#include "base/digest.h"
#include "base/random.h"

namespace fabrica::sites::simulated {

namespace {

using jobs::Outcome;

constexpr std::int32_t signal_kill = 9;
constexpr std::int32_t signal_terminate = 15;

Outcome drawn_outcome(Random& random) {
  const std::uint64_t draw = random.below(100);
  if (draw < 74) return Outcome::completed;
  if (draw < 82) return Outcome::failed;
  if (draw < 88) return Outcome::timeout;
  if (draw < 92) return Outcome::out_of_memory;
  if (draw < 95) return Outcome::cancelled;
  if (draw < 98) return Outcome::launch_failed;
  return Outcome::lost;
}

}  // namespace

Fate fate_of(std::uint64_t seed, TaskName task, Duration limit) {
  Hasher hasher;
  hasher.add(seed);
  hasher.add(task.job.value);
  hasher.add(std::uint64_t{task.attempt});
  hasher.add(std::uint64_t{task.task});
  Random random{hasher.finish().low};
  Fate fate;
  fate.outcome = drawn_outcome(random);
  // A tenth of a percent to ninety-five percent of the limit.
  fate.run = {std::max<std::int64_t>(1, limit.ms / 1000 * random.between(1, 950))};
  switch (fate.outcome) {
    case Outcome::failed:
      fate.exit_code = static_cast<std::int32_t>(random.between(1, 255));
      break;
    case Outcome::timeout:
      fate.run = limit + Duration{random.between(0, 30'000)};
      fate.signal = random.chance(1, 3) ? signal_kill : signal_terminate;
      break;
    case Outcome::out_of_memory:
      fate.signal = signal_kill;
      break;
    case Outcome::cancelled:
      fate.signal = signal_terminate;
      break;
    default:
      break;
  }
  return fate;
}

}  // namespace fabrica::sites::simulated
