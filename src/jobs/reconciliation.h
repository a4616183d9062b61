#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/amount.h"
#include "jobs/types.h"

/// What we charged for the runs of a site's jobs beside what the site's own books say of them, and
/// why they differ. A run is known by (cluster, id, submit time, start, restarts); it belongs to
/// the period in which it ended by the site's books.
namespace fabrica::jobs {

/// A settled run as our books have it.
struct ChargedRun {
  JobId job;
  std::uint32_t number = 0;  // of the task in its array; zero: no array
  std::string partition;
  Unit unit = Unit::gpu;
  RunKey key;        // `started` zero: the site's start is not known
  Time started;      // charged from then; zero: the task did not run its script
  Time ended;        // charged until then, or when it ended
  Rational units;    // that the job was to occupy
  ComputeTime most;  // a run is charged at most that: the task's hold
  ComputeTime charged;
  ComputeTime given_back;  // by the refund rule or by the site's operator
  ComputeTime owed;        // of its cost, what the account did not have
};

/// A run as the site's own books have it.
struct SiteRun {
  std::optional<JobId> job;  // by our tag; none: somebody else's
  std::uint32_t number = 0;  // of the task in its array
  RunKey key;                // `restarts` is not told and zero
  Time ended;                // zero: it runs
  Duration elapsed;          // without what it was suspended for
  std::string partition;     // ours; empty: none of ours
  Unit unit = Unit::gpu;
  Rational units;  // allocated, in the unit of its partition
  std::string user;
  std::string account;
  bool settled = true;  // false: the job has not ended in our books
};

/// Why a charge and a record differ; each part of a difference has one of these.
enum class DifferenceKind : std::uint8_t {
  given_back,    // by the refund rule, or by the site's operator
  allocation,    // the site allocated more or less than was asked: whole nodes, default memory
  not_begun,     // the task never ran its script, by its own word
  own_word,      // the task's own word of its beginning and its end counts, not the site's
  suspended,     // the site does not count the time for which a run was suspended
  clock,         // the record has other times than the site told when it ended
  rounding,      // the site counts whole seconds
  beyond_limit,  // what it ran beyond its limit while being killed is not charged
  owed,          // the account had nothing left to charge
  not_recorded,  // the site's books do not have the run
  not_known,     // our books do not have the run
  not_settled,   // the job has not ended in our books
  stranger,      // a job of somebody else's, in an account of ours
  unexplained
};
FABRICA_DESCRIBE_ENUM(DifferenceKind, given_back, allocation, not_begun, own_word, suspended, clock,
                      rounding, beyond_limit, owed, not_recorded, not_known, not_settled, stranger,
                      unexplained)

/// One part of the difference of one run: what the site's books have more than ours (negative:
/// less).
struct Difference {
  DifferenceKind kind = DifferenceKind::unexplained;
  std::string partition;
  ComputeTime amount;
  std::optional<JobId> job;
  std::uint64_t site_id = 0;  // of the run, at the site
  Time ended;
  std::string text;  // of a stranger: user and account
};
FABRICA_DESCRIBE(Difference, kind, partition, amount, job, site_id, ended, text)

struct DifferenceSum {
  DifferenceKind kind = DifferenceKind::unexplained;
  std::uint64_t runs = 0;
  ComputeTime amount;
};
FABRICA_DESCRIBE(DifferenceSum, kind, runs, amount)

/// `recorded` less `charged` is the sum of the differences, exactly.
struct ReconciledPartition {
  std::string partition;
  Unit unit = Unit::gpu;
  std::uint64_t runs_charged = 0;
  std::uint64_t runs_recorded = 0;
  ComputeTime charged;   // less what was given back
  ComputeTime recorded;  // by the site: units allocated, times the time that they were
  std::vector<DifferenceSum> differences;
};
FABRICA_DESCRIBE(ReconciledPartition, partition, unit, runs_charged, runs_recorded, charged,
                 recorded, differences)

struct Reconciliation {
  Time from;
  Time to;
  std::vector<ReconciledPartition> partitions;  // by name
  std::vector<Difference> lines;                // in the order of runs' ends, unexplained first
  std::uint64_t lines_left_out = 0;
};
FABRICA_DESCRIBE(Reconciliation, from, to, partitions, lines, lines_left_out)

/// Holds the runs of both books against each other. Of each, runs that ended before `from` or at
/// `to` or later may be among them, and find their counterparts, but do not count. Keeps at most
/// `lines_max` lines; the sums are of all.
Reconciliation reconcile(Time from, Time to, const std::vector<ChargedRun>& ours,
                         const std::vector<SiteRun>& theirs, std::size_t lines_max);

}  // namespace fabrica::jobs
