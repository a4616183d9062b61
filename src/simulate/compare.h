#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/result.h"
#include "simulate/sweep.h"

/// Whether two scenarios differ by more than chance: the same seeds run in both, and the
/// differences of the pairs are looked at.
namespace fabrica::simulate {

/// What can be said of a measure of B beside that of A.
enum class Verdict : std::uint8_t {
  equal,     // in every pair
  lower,     // the interval lies below zero
  higher,    // above
  not_told,  // the interval holds zero: the difference cannot be told from chance
  one_pair,  // one seed, or a seed changes nothing: there is no chance to measure
};
FABRICA_DESCRIBE_ENUM(Verdict, equal, lower, higher, not_told, one_pair)

/// Means over the pairs, and the 95 % interval of the mean difference B - A by Student's t over the
/// pairs, whose differences are taken as drawn independently from a normal distribution. With one
/// pair the interval is the difference itself.
struct Difference {
  std::string setting;
  std::string measure;
  std::uint64_t pairs = 0;
  double a = 0;
  double b = 0;
  double difference = 0;
  double from = 0;
  double to = 0;
  Verdict verdict = Verdict::equal;
};
FABRICA_DESCRIBE(Difference, setting, measure, pairs, a, b, difference, from, to, verdict)

struct Comparison {
  std::vector<Difference> differences;  // of each setting, each measure
  std::uint64_t unpaired = 0;           // runs whose setting and seed the other side lacks
};

/// Pairs runs of equal setting and seed; where each side has one setting only, of equal seed.
/// Refused as invalid when nothing pairs, or a setting and seed is there twice.
Result<Comparison> compare(std::span<const ScenarioRun> a, std::span<const ScenarioRun> b);

/// The 0.975 quantile of Student's t in thousandths, for so many degrees of freedom from 1 on:
/// exact to 30, beyond that the next smaller one of a few, so that intervals are never too narrow.
/// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
std::int64_t student_t_975_thousandths(std::uint64_t degrees);

}  // namespace fabrica::simulate
