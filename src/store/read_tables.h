#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "kernel/ports.h"
#include "store/sqlite.h"
#include "store/statement_lines.h"

namespace fabrica::store {

/// Keeps the read tables: what lists, search and reports read. Written in the append's own
/// transaction, so they never lag; rebuilt from the log they are the same (invariant 12).
class ReadTables {
 public:
  /// Makes the tables where they are missing.
  static void create(Database& database);
  /// Empties them, for a rebuild.
  static void clear(Database& database);

  explicit ReadTables(Database& database);

  /// Brings the tables up to `after`, which is the state with `records` applied. At most
  /// limits::ended_jobs_kept jobs may end in one call.
  void project(std::span<const Recorded> records, const State& after);

 private:
  struct Balance {
    ComputeTime balance;
    ComputeTime held;
  };
  struct Placed {
    std::string policy;
    std::string reasons;
  };

  void note(const federation::Event& event);
  void note(const calls::Event& event);
  void note(const jobs::Event& event);
  void note(const Recorded& recorded, const ledger::Event& event);
  void line(const Recorded& recorded, ledger::AccountId account, LineKind kind, std::uint64_t job,
            ComputeTime amount, ComputeTime to_balance, ComputeTime to_held, std::string_view text);
  void put_task(const jobs::TaskStarted& event);
  void put_task(const jobs::TaskReturned& event);
  void put_task(const jobs::TaskEnded& event);
  // run_rows.cpp: what was charged for each run of the jobs of a Slurm site.
  void put_run(const jobs::TaskEnded& event);
  void put_run(const jobs::RunEnded& event);
  void charge_owed(const jobs::OwedCharged& event);
  void charge_run(const ledger::UsageCharged& event);
  void correct_run(const Recorded& recorded, const ledger::ChargeCorrected& event);
  void add_to_run(ComputeTime charged, ComputeTime given_back, ComputeTime paid);
  void flush(const State& after);
  void flush_lines();
  void flush_accounts(const State& after);
  void flush_jobs(const State& after);
  void flush_members(const State& after);
  template <class Id>
  void flush_things(const char* kind, std::set<Id>& things, const State& after);
  void insert_job(jobs::JobId id, const jobs::Job& job, const State& after);
  void update_job(jobs::JobId id, const jobs::Job& job);

  Statement put_thing_;
  Statement put_account_;
  Statement put_lines_;
  Statement insert_job_;
  Statement update_job_;
  Statement put_reference_;
  Statement start_task_;
  Statement return_task_;
  Statement end_task_;
  Statement put_run_;
  Statement copy_run_;
  Statement charge_run_;
  Statement correct_run_;
  Statement drop_members_;
  Statement put_member_;

  std::map<ledger::AccountId, Balance> balances_;  // as the tables have them

  // The run that the entries of a report are for, and the state that they lead to.
  struct RunAtHand {
    jobs::JobId job;  // none: of a site without books of its own
    std::uint32_t task = 0;
    Time site_started;
    bool just_ended = false;  // and was not its task's last: a correction charges it
  };
  RunAtHand run_;
  const State* after_ = nullptr;

  // What the records at hand changed.
  std::set<federation::SiteId> sites_;
  std::set<federation::PartitionId> partitions_;
  std::set<federation::OrganisationId> organisations_;
  std::set<federation::PersonId> people_;
  std::set<federation::ProjectId> projects_;
  std::set<calls::ModeId> modes_;
  std::set<calls::CallId> calls_;
  std::set<calls::ProposalId> proposals_;
  std::set<calls::AwardId> awards_;
  std::set<ledger::AccountId> accounts_;
  std::map<std::uint64_t, std::string> lines_;  // by row_of()
  std::set<jobs::JobId> jobs_;
  std::map<jobs::JobId, Placed> placed_;  // jobs that are new
  std::map<jobs::JobId, std::string> references_;
};

}  // namespace fabrica::store
