#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/describe.h"
#include "placement/dispatcher.h"

namespace fabrica::placement {

/// What a job could have asked for instead.
enum class Instead : std::uint8_t { half_the_time, half_the_width, half_of_both };
FABRICA_DESCRIBE_ENUM(Instead, half_the_time, half_the_width, half_of_both)

/// What is to be expected of a job that has not begun, as things stand: an answer for a person, and
/// no promise. Others will come, and what is quick or wide may go first.
struct Outlook {
  struct Sooner {
    Instead instead = Instead::half_the_time;
    Dispatcher::Beginning beginning;
  };
  std::optional<Dispatcher::Beginning> beginning;  // none: now, or nothing can be said
  std::vector<Dispatcher::Chance> chances;         // where it may go, the narrowest first
  std::vector<Sooner> sooner;  // what would begin at least a tenth of its wait sooner
};

/// Looks ahead on copies, which takes about a second where ninety thousand jobs wait; `now` is the
/// time it is asked.
Outlook outlook_of(const Dispatcher& dispatcher, jobs::JobId job, Time now);

}  // namespace fabrica::placement
