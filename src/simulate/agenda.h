#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace fabrica::simulate {

/// What is to happen, ordered by time and, at one time, by the order of insertion. That order is
/// the whole of what a virtual world knows of simultaneity, so it is the same on every machine.
template <class Errand>
class Agenda {
 public:
  void add(Time at, Errand errand) {
    last_ += 1;
    errands_.emplace(std::pair(at, last_), std::move(errand));
  }

  bool empty() const { return errands_.empty(); }

  /// The next errand and its time; there must be one.
  std::pair<Time, Errand> take() {
    CHECK(!errands_.empty(), "an empty agenda has no next errand");
    auto first = errands_.extract(errands_.begin());
    return {first.key().first, std::move(first.mapped())};
  }

 private:
  std::map<std::pair<Time, std::uint64_t>, Errand> errands_;
  std::uint64_t last_ = 0;
};

}  // namespace fabrica::simulate
