#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simulate/fixed.h"

namespace fabrica::simulate {

/// How much arrives when, in parts of equal length that come again and again: the half hours of a
/// day, the hours of a week. Weights have mean 1.
class Cycle {
 public:
  /// `weights` are not below zero and not all zero; each is below 2^20 times the mean.
  Cycle(std::vector<Fixed> weights, std::int64_t part_s);

  /// The hours of a week, Monday's first, from 24 weights of hours and 7 of days; an empty list
  /// means that all are alike. As an operator writes them: whole numbers.
  static Cycle of_week(const std::vector<std::uint32_t>& hours,
                       const std::vector<std::uint32_t>& days);

  /// When it comes, in milliseconds since a cycle began, what would come at `even_ms` >= 0 if all
  /// parts were alike. Never falls as `even_ms` rises; whole cycles last as long as before.
  std::int64_t at_ms(std::int64_t even_ms) const;

 private:
  std::vector<Fixed> weights_;
  std::vector<Fixed> begins_s_;  // of the parts, in seconds of mean weight
  std::int64_t part_s_;
};

}  // namespace fabrica::simulate
