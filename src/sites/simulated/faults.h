#pragma once

#include <cstdint>
#include <map>

#include "base/describe.h"
#include "base/random.h"
#include "base/time.h"

namespace fabrica::sites::simulated {

/// The faults of one port in one run: drawn, named and counted. Each kind is switched on for the
/// run by a fair draw, with a rate of its own, and then fires by chance.
template <DescribedEnum Fault>
class Faults {
 public:
  /// No fault ever fires.
  Faults() : random_(0) {}

  /// A kind that is on fires once in `often` to sixteen times `often` chances.
  Faults(Random random, std::uint64_t often) : random_(random) {
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<Fault>>([&](auto fault) {
      const bool on = random_.chance(1, 2);
      const std::uint64_t one_in = often << random_.below(5);
      if (on) one_in_.emplace(fault.value, one_in);
    });
  }

  /// True when this fault is to happen now; counts it.
  bool fires(Fault fault) {
    const auto rate = one_in_.find(fault);
    if (rate == one_in_.end() || !random_.chance(1, rate->second)) return false;
    fired_[fault] += 1;
    return true;
  }

  /// No fault fires from now on.
  void heal() { one_in_.clear(); }

  /// How long or how much, within both bounds.
  Duration between(Duration shortest, Duration longest) {
    return {random_.between(shortest.ms, longest.ms)};
  }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  const std::map<Fault, std::uint64_t>& fired() const { return fired_; }

 private:
  Random random_;
  std::map<Fault, std::uint64_t> one_in_;
  std::map<Fault, std::uint64_t> fired_;
};

}  // namespace fabrica::sites::simulated
