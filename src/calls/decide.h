#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "calls/commands.h"
#include "calls/events.h"
#include "calls/policy.h"

namespace fabrica::calls {

namespace refusal {
inline constexpr RefusalCode unknown_rule{"unknown_rule", 422};
inline constexpr RefusalCode call_closed{"call_closed", 409};
inline constexpr RefusalCode wrong_phase{"wrong_phase", 409};
inline constexpr RefusalCode out_of_turn{"out_of_turn", 409};
inline constexpr RefusalCode offer_lapsed{"offer_lapsed", 409};
}  // namespace refusal

/// What a decision in this area reads.
struct Context {
  const State& calls;
  const federation::State& federation;
  const ledger::State& ledger;
  const Policies& policies;
  PersonId actor;
  Time now;
};

Result<std::vector<Outcome>> decide(const Context& context, const Command& command);

/// Lets offers lapse and awards expire whose time has come, at most
/// `limits::events_per_command_max` events; the next PassTime goes on with the rest.
std::vector<Outcome> pass_time(const Context& context);

/// When pass_time next has something to do.
std::optional<Time> next_deadline(const State& state);

}  // namespace fabrica::calls
