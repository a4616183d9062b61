#include "jobs/reconciliation.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace fabrica::jobs {

namespace {

constexpr Duration whole_second = seconds(1);

// What is above every bound was never charged, and shows as unexplained.
ComputeTime amount_of(Rational units, Duration time) {
  if (time <= Duration{}) return {};
  return cost(units, time).value_or(ComputeTime{});
}

bool near(Time a, Time b) { return a - b <= whole_second && b - a <= whole_second; }

/// Collects what the runs of one partition come to.
class Comparison {
 public:
  Comparison(Time from, Time to) { all_.from = from, all_.to = to; }

  bool counts(Time ended) const { return ended >= all_.from && ended < all_.to; }

  void add_charged(const ChargedRun& run) {
    ReconciledPartition& sums = partition(run.partition, run.unit);
    sums.runs_charged += 1;
    sums.charged += run.charged - run.given_back;
  }
  void add_recorded(const SiteRun& run, const std::string& slug, Unit unit) {
    ReconciledPartition& sums = partition(slug, unit);
    sums.runs_recorded += 1;
    sums.recorded += amount_of(run.units, run.elapsed);
  }
  void differ(Difference line) {
    if (line.amount == ComputeTime{}) return;
    DifferenceSum& sum = sums_[line.partition][line.kind];
    sum.kind = line.kind;
    sum.runs += 1;
    sum.amount += line.amount;
    all_.lines.push_back(std::move(line));
  }

  Reconciliation finish(std::size_t lines_max) {
    for (auto& [slug, sums] : partitions_) {
      for (const auto& [kind, sum] : sums_[slug]) sums.differences.push_back(sum);
      all_.partitions.push_back(std::move(sums));
    }
    std::ranges::sort(all_.lines, {}, [](const Difference& line) {
      return std::tuple(line.kind != DifferenceKind::unexplained, line.ended, line.site_id,
                        line.kind);
    });
    if (all_.lines.size() > lines_max) {
      all_.lines_left_out = all_.lines.size() - lines_max;
      all_.lines.resize(lines_max);
    }
    return std::move(all_);
  }

 private:
  ReconciledPartition& partition(const std::string& slug, Unit unit) {
    ReconciledPartition& sums = partitions_[slug];
    sums.partition = slug;
    sums.unit = unit;
    return sums;
  }

  Reconciliation all_;
  std::map<std::string, ReconciledPartition> partitions_;
  std::map<std::string, std::map<DifferenceKind, DifferenceSum>> sums_;
};

// Why the site counts another time than was charged, of units that are the same.
DifferenceKind time_kind(const ChargedRun& ours, const SiteRun& theirs) {
  if (ours.started == Time{}) return DifferenceKind::not_begun;
  const bool same = ours.started == theirs.key.started && ours.ended == theirs.ended;
  if (same) return DifferenceKind::suspended;
  if (near(ours.started, theirs.key.started) && near(ours.ended, theirs.ended))
    return DifferenceKind::rounding;
  // The site tells whole seconds: what has parts of one is a task's own word.
  const bool own = ours.started.ms % 1000 != 0 || ours.ended.ms % 1000 != 0;
  return own ? DifferenceKind::own_word : DifferenceKind::clock;
}

// The parts add up to what the site recorded less what was charged, whatever they are.
void compare(Comparison& comparison, const ChargedRun& ours, const SiteRun& theirs) {
  const auto differ = [&](DifferenceKind kind, ComputeTime amount) {
    comparison.differ({kind, ours.partition, amount, ours.job, theirs.key.id, theirs.ended, {}});
  };
  comparison.add_charged(ours);
  comparison.add_recorded(theirs, ours.partition, ours.unit);
  const ComputeTime recorded = amount_of(theirs.units, theirs.elapsed);
  const ComputeTime as_asked = amount_of(ours.units, theirs.elapsed);
  const bool began = ours.started != Time{};
  const ComputeTime cost = began ? amount_of(ours.units, ours.ended - ours.started) : ComputeTime{};
  const ComputeTime chargeable = std::min(cost, ours.most);
  differ(DifferenceKind::allocation, recorded - as_asked);
  differ(time_kind(ours, theirs), as_asked - cost);
  differ(DifferenceKind::beyond_limit, cost - chargeable);
  differ(DifferenceKind::owed, ours.owed);
  differ(DifferenceKind::given_back, ours.given_back);
  differ(DifferenceKind::unexplained, chargeable - ours.owed - ours.charged);
}

using TaskKey = std::pair<JobId, std::uint32_t>;
struct BothBooks {
  std::vector<const ChargedRun*> ours;
  std::vector<const SiteRun*> theirs;
};

// Takes the record of a run out of those that have no counterpart yet: the one that began when the
// run did; where that is not known, the first that is left.
const SiteRun* take_record(std::vector<const SiteRun*>& records, const ChargedRun& run) {
  auto found = std::ranges::find_if(records, [&](const SiteRun* record) {
    return run.key.started != Time{} && record->key.started == run.key.started;
  });
  if (found == records.end() && run.key.started == Time{}) {
    found = std::ranges::find_if(
        records, [](const SiteRun* record) { return record->key.started != Time{}; });
  }
  if (found == records.end()) return nullptr;
  const SiteRun* record = *found;
  records.erase(found);
  return record;
}

void only_ours(Comparison& comparison, const ChargedRun& run) {
  if (!comparison.counts(run.ended)) return;
  comparison.add_charged(run);
  comparison.differ({DifferenceKind::not_recorded,
                     run.partition,
                     run.given_back - run.charged,
                     run.job,
                     run.key.id,
                     run.ended,
                     {}});
}

void only_theirs(Comparison& comparison, const SiteRun& run) {
  const ComputeTime amount = amount_of(run.units, run.elapsed);
  if (!comparison.counts(run.ended) || amount == ComputeTime{}) return;
  comparison.add_recorded(run, run.partition, run.unit);
  Difference line{
      DifferenceKind::stranger, run.partition, amount, run.job, run.key.id, run.ended, {}};
  if (!run.job) {
    line.text = fmt::format("{} in account {}", run.user, run.account);
  } else {
    line.kind = run.settled ? DifferenceKind::not_known : DifferenceKind::not_settled;
  }
  comparison.differ(std::move(line));
}

void compare_task(Comparison& comparison, BothBooks& books) {
  // Those whose start is known choose first.
  std::ranges::sort(books.ours, {}, [](const ChargedRun* run) {
    return std::tuple(run->key.started == Time{}, run->key.started, run->ended);
  });
  std::ranges::sort(books.theirs, {}, [](const SiteRun* run) {
    return std::tuple(run->key.started, run->key.submitted, run->key.id);
  });
  for (const ChargedRun* run : books.ours) {
    const SiteRun* record = take_record(books.theirs, *run);
    if (record == nullptr) {
      only_ours(comparison, *run);
    } else if (comparison.counts(record->ended)) {
      compare(comparison, *run, *record);
    }
  }
  for (const SiteRun* record : books.theirs) only_theirs(comparison, *record);
}

}  // namespace

Reconciliation reconcile(Time from, Time to, const std::vector<ChargedRun>& ours,
                         const std::vector<SiteRun>& theirs, std::size_t lines_max) {
  Comparison comparison(from, to);
  std::map<TaskKey, BothBooks> tasks;
  for (const ChargedRun& run : ours) tasks[{run.job, run.number}].ours.push_back(&run);
  for (const SiteRun& run : theirs) {
    if (run.job) {
      tasks[{*run.job, run.number}].theirs.push_back(&run);
    } else {
      only_theirs(comparison, run);
    }
  }
  for (auto& [task, books] : tasks) compare_task(comparison, books);
  return comparison.finish(lines_max);
}

}  // namespace fabrica::jobs
