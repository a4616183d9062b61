#pragma once

#include <vector>

#include "base/random.h"
#include "simulate/wish.h"

namespace fabrica::simulate {

/// The commands that fill a fresh log with a small world: countries, two or three simulated sites
/// with systems and partitions of every billing unit, people of every role, organisations,
/// projects, two access modes, capacity and open calls. All of them are accepted in this order on a
/// fresh log.
std::vector<Wish> population(Random& random);

/// A registered access mode that asks for everything a rule can check, and one that asks for
/// nothing.
calls::AccessMode strict_mode();
calls::AccessMode open_mode();

}  // namespace fabrica::simulate
