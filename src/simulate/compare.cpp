#include "simulate/compare.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/check.h"

namespace fabrica::simulate {

namespace {

struct Compared {
  std::string_view name;
  double (*of)(const Measures&);
};

constexpr std::array<Compared, 11> compared{{
    {"wait_mean_s", [](const Measures& of) { return of.wait_mean_s; }},
    {"wait_median_s", [](const Measures& of) { return of.wait_median_s; }},
    {"wait_p90_s", [](const Measures& of) { return of.wait_p90_s; }},
    {"wait_p99_s", [](const Measures& of) { return of.wait_p99_s; }},
    {"wide_wait_mean_s", [](const Measures& of) { return of.wide_wait_mean_s; }},
    {"bounded_slowdown_mean", [](const Measures& of) { return of.bounded_slowdown_mean; }},
    {"bounded_slowdown_median", [](const Measures& of) { return of.bounded_slowdown_median; }},
    {"bounded_slowdown_p90", [](const Measures& of) { return of.bounded_slowdown_p90; }},
    {"utilisation", [](const Measures& of) { return of.utilisation; }},
    {"makespan_s", [](const Measures& of) { return static_cast<double>(of.makespan_s); }},
    {"user_fairness", [](const Measures& of) { return of.user_fairness; }},
}};

struct Pair {
  const ScenarioRun* a = nullptr;
  const ScenarioRun* b = nullptr;
};

/// By setting and seed; the setting is left out where each side has but one.
using Pairs = std::map<std::pair<std::string, std::uint64_t>, Pair>;

std::set<std::string> setting_names(std::span<const ScenarioRun> runs) {
  std::set<std::string> names;
  for (const ScenarioRun& run : runs) names.insert(run.setting);
  return names;
}

Result<void> enter(Pairs& pairs, std::span<const ScenarioRun> runs, bool by_setting,
                   const ScenarioRun* Pair::* side) {
  for (const ScenarioRun& run : runs) {
    Pair& pair = pairs[{by_setting ? run.setting : "", run.seed}];
    if (pair.*side != nullptr) {
      return refuse(refusal::invalid, "",
                    fmt::format("Seed {} of \"{}\" is there twice on one side: give the runs of "
                                "one scenario.",
                                run.seed, run.setting));
    }
    pair.*side = &run;
  }
  return {};
}

bool all_alike(const std::vector<double>& values) {
  return std::ranges::all_of(values, [&](double value) { return value == values.front(); });
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Half the width of the interval of the mean.
double half_width(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto count = static_cast<double>(values.size());
  const double deviation = std::sqrt(squares / (count - 1));
  const double t = static_cast<double>(student_t_975_thousandths(values.size() - 1)) / 1'000;
  return t * deviation / std::sqrt(count);
}

Difference difference_of(const std::string& setting, const Compared& measure,
                         const std::vector<Pair>& pairs) {
  std::vector<double> a;
  std::vector<double> b;
  std::vector<double> differences;
  for (const Pair& pair : pairs) {
    a.push_back(measure.of(pair.a->measures));
    b.push_back(measure.of(pair.b->measures));
    differences.push_back(b.back() - a.back());
  }
  Difference made{setting, std::string(measure.name), pairs.size(), mean_of(a), mean_of(b)};
  made.difference = made.from = made.to = mean_of(differences);
  if (all_alike(differences) && differences.front() == 0) return made;
  made.verdict = Verdict::one_pair;
  if (pairs.size() == 1 || (all_alike(a) && all_alike(b))) return made;
  const double half = half_width(differences);
  made.from -= half;
  made.to += half;
  made.verdict = made.to < 0 ? Verdict::lower : made.from > 0 ? Verdict::higher : Verdict::not_told;
  return made;
}

}  // namespace

std::int64_t student_t_975_thousandths(std::uint64_t degrees) {
  constexpr std::array<std::int64_t, 30> to_30{
      12'706, 4'303, 3'182, 2'776, 2'571, 2'447, 2'365, 2'306, 2'262, 2'228,
      2'201,  2'179, 2'160, 2'145, 2'131, 2'120, 2'110, 2'101, 2'093, 2'086,
      2'080,  2'074, 2'069, 2'064, 2'060, 2'056, 2'052, 2'048, 2'045, 2'042};
  constexpr std::array<std::pair<std::uint64_t, std::int64_t>, 5> beyond{
      {{100, 1'984}, {80, 1'990}, {60, 2'000}, {50, 2'009}, {40, 2'021}}};
  CHECK(degrees >= 1, "two pairs at least");
  if (degrees <= to_30.size()) return to_30[static_cast<std::size_t>(degrees) - 1];
  for (const auto& [from, thousandths] : beyond) {
    if (degrees >= from) return thousandths;
  }
  return to_30.back();
}

Result<Comparison> compare(std::span<const ScenarioRun> a, std::span<const ScenarioRun> b) {
  const bool by_setting = setting_names(a).size() > 1 || setting_names(b).size() > 1;
  Pairs pairs;
  TRY_DONE(enter(pairs, a, by_setting, &Pair::a));
  TRY_DONE(enter(pairs, b, by_setting, &Pair::b));
  Comparison made;
  std::vector<std::string> settings;  // in the order of A's runs
  std::map<std::string, std::vector<Pair>> by_name;
  for (const ScenarioRun& run : a) {
    const std::string setting = by_setting ? run.setting : "";
    const Pair& pair = pairs.at({setting, run.seed});
    if (pair.b == nullptr) continue;
    if (!by_name.contains(setting)) settings.push_back(setting);
    by_name[setting].push_back(pair);
  }
  for (const auto& [key, pair] : pairs) made.unpaired += pair.a && pair.b ? 0 : 1;
  for (const std::string& setting : settings) {
    for (const Compared& measure : compared) {
      made.differences.push_back(difference_of(setting, measure, by_name[setting]));
    }
  }
  if (!made.differences.empty()) return made;
  return refuse(refusal::invalid, "",
                "No run of one side has its setting and seed on the other: simulate both with the "
                "same seeds, and sweep over the same values.");
}

}  // namespace fabrica::simulate
