#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "kernel/state.h"
#include "simulate/wish.h"

namespace fabrica::simulate {

/// What a simulated person sees while choosing what to ask for.
struct Drawing {
  const State& state;
  Random& random;
  Time now;

  /// One of the ids 1 to `last`, now and then a stranger.
  template <AnId I>
  I any(std::uint64_t last) {
    if (last == 0 || random.chance(1, 50)) return I{last + 1 + random.below(3)};
    return I{1 + random.below(last)};
  }

  /// One of the last `span` ids up to `last`.
  template <AnId I>
  I recent(std::uint64_t last, std::uint64_t span) {
    if (last <= span) return any<I>(last);
    return I{last - random.below(span)};
  }

  template <class T>
  const T& one_of(const std::vector<T>& things) {
    return things[random.below(things.size())];
  }

  PersonId anyone() { return any<PersonId>(state.federation.last_person); }

  /// A person with this role and no higher one where possible; the system itself when there is
  /// nobody.
  PersonId someone_with(federation::Role role);

  /// A person who operates the site, or an administrator.
  PersonId operator_of(federation::SiteId site);

  /// The project's lead or one of its members.
  PersonId member_of(federation::ProjectId project);
  PersonId lead_of(federation::ProjectId project);

  /// Whole unit-hours within both bounds.
  ComputeTime unit_hours(std::int64_t least, std::int64_t most);
};

using Chooser = Wish (*)(Drawing& drawing);

/// One kind of thing that people ask for, and how often beside the others.
struct Choice {
  std::uint64_t weight = 1;
  Chooser choose = nullptr;
};

/// What people ask for in each area, with values that are mostly right.
std::vector<Choice> federation_choices();
std::vector<Choice> ledger_choices();
std::vector<Choice> calls_choices();
std::vector<Choice> jobs_choices();

/// A document of a few bytes under a hash that is drawn, not computed: the kernel takes its word
/// for it.
Document drawn_document(Random& random);

}  // namespace fabrica::simulate
