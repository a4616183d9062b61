#pragma once

#include <vector>

#include "base/random.h"
#include "kernel/state.h"
#include "simulate/drawing.h"
#include "simulate/wish.h"

namespace fabrica::simulate {

/// Everybody who asks for something: applicants, staff, operators, and some who have no right to,
/// make mistakes or send nonsense. Draws from the seed and from the state it is shown.
class Users {
 public:
  explicit Users(Random random);

  Wish next(const State& state, Time now);

 private:
  Wish chosen(Drawing& drawing);

  Random random_;
  std::vector<Choice> choices_;
  std::uint64_t weight_ = 0;
};

}  // namespace fabrica::simulate
