#pragma once

#include <cmath>
#include <cstdint>

#include "forecast/job.h"
#include "simulate/fixed.h"

/// What the tests write down by hand.
namespace fabrica::simulate {

inline double value(Fixed x) { return std::ldexp(static_cast<double>(x.raw), -32); }

inline Time at(std::int64_t s) { return Time{} + seconds(s); }

/// A job that is limited to a second more than it runs.
inline forecast::Job job(std::int64_t submit_s, std::int64_t run_s, std::int32_t width,
                         std::uint32_t user = 0) {
  return {at(submit_s), seconds(run_s), seconds(run_s + 1), width, user};
}

}  // namespace fabrica::simulate
