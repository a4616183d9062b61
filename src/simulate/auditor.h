#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernel/event.h"
#include "kernel/state.h"

namespace fabrica::simulate {

/// Reads the log beside the engine, event by event, and holds it against what must be true whatever
/// happens. Keeps its own books and its own State, which knows nothing of the engine's.
class Auditor {
 public:
  /// Takes what was added to the log since. `log` is the whole log.
  void read(const std::vector<Recorded>& log);

  /// Empty while all is well, otherwise the first thing that is not.
  const std::string& broken() const { return broken_; }

  /// What replay of the log gives.
  const State& state() const { return state_; }

  /// Empty when the site may be told to start the job now: its hold stands and what it waits for
  /// has happened. Otherwise why not.
  std::string why_not_start(jobs::JobId job) const;

  /// Holds the accounts against the sums of what was charged, corrected and moved, closed accounts
  /// against what may be left on them, awards against their accounts, and the counts of live jobs
  /// against the jobs.
  void check_books();

  /// Holds what really ran at the sites against the log, once nothing runs any more: each task that
  /// is said to have begun ran, and each that ran has ended.
  void check_runs(const std::map<std::pair<jobs::JobId, std::uint32_t>, std::uint64_t>& runs);

  std::uint64_t expired_with_holds() const { return expired_with_holds_; }
  std::uint64_t passed_on_to_pool() const { return passed_on_to_pool_; }
  std::uint64_t dependencies_met() const { return dependencies_met_; }
  /// Jobs that came from commands without an id.
  std::uint64_t jobs_without_cause() const { return jobs_without_cause_; }

 private:
  using TaskOfJob = std::pair<jobs::JobId, std::uint32_t>;
  struct JobBook {
    std::vector<jobs::Dependency> dependencies;
    ComputeTime held;
    ComputeTime charged;
    ComputeTime released;
    bool begun = false;
    bool ended = false;
    jobs::Outcome outcome = jobs::Outcome::none;
  };

  void see(const Recorded& recorded);
  void check_cause(const Recorded& recorded);
  template <class E>
  void note(const Recorded&, const E&) {}
  void note(const Recorded& recorded, const ledger::HoldPlaced& event);
  void note(const Recorded& recorded, const jobs::JobMoved& event);
  void note(const Recorded& recorded, const ledger::UsageCharged& event);
  void note(const Recorded& recorded, const ledger::HoldReleased& event);
  void note(const Recorded& recorded, const ledger::ChargeCorrected& event);
  void note(const Recorded& recorded, const ledger::Transferred& event);
  void note(const Recorded& recorded, const ledger::Exchanged& event);
  void note(const Recorded& recorded, const calls::AwardGranted& event);
  void note(const Recorded& recorded, const calls::AwardExpired& event);
  void note(const Recorded& recorded, const jobs::JobAccepted& event);
  void note(const Recorded& recorded, const jobs::JobPlaced& event);
  void note(const Recorded& recorded, const jobs::TaskStarted& event);
  void note(const Recorded& recorded, const jobs::TaskEnded& event);
  void note(const Recorded& recorded, const jobs::JobEnded& event);

  void must(bool holds, const Recorded& recorded, std::string_view what);
  bool is_met(const jobs::Dependency& dependency) const;
  bool is_usage(ledger::AccountId account) const;
  void check_accounts();
  void check_awards();
  void check_live_jobs();

  std::string broken_;
  State state_;
  std::size_t seen_ = 0;
  CommandId cause_;             // of the event before
  std::set<CommandId> causes_;  // that have had their events
  std::map<jobs::JobId, JobBook> jobs_;
  std::map<TaskOfJob, jobs::TaskEnded> ended_;
  std::optional<jobs::TaskEnded> just_ended_;  // the event before, when it was this
  std::map<ledger::AccountId, ComputeTime> usage_;
  std::uint64_t expired_with_holds_ = 0;
  std::uint64_t passed_on_to_pool_ = 0;
  std::uint64_t dependencies_met_ = 0;
  std::uint64_t jobs_without_cause_ = 0;
};

}  // namespace fabrica::simulate
