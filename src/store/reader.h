#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jobs/reconciliation.h"
#include "store/sqlite.h"
#include "store/views.h"

namespace fabrica::store {

/// What a list of jobs may be narrowed to; empty means any.
struct JobFilter {
  std::optional<federation::ProjectId> project;
  std::optional<federation::PersonId> member_of;  // jobs of the projects this person belongs to ...
  std::vector<std::string> or_sites;              // ... and jobs at these sites
  std::string site;
  std::string name;
  std::optional<jobs::JobPhase> phase;
  bool live = false;          // only jobs that have not ended
  std::optional<Time> since;  // only jobs that had not ended before this
};

/// Reads the log's file for lists and reports: its own connection, for one thread at a time. Sees
/// all that was answered before the call. Limits are at most limits::page_rows_max.
class Reader {
 public:
  /// The log must have been made by SqliteLog.
  explicit Reader(const std::filesystem::path& directory);

  /// From here to end_view() all reads see the log as it stood at the first of them, and the file
  /// is locked once instead of for each. Not for long: a view keeps the journal from being emptied.
  void begin_view() { begin_.run(); }
  void end_view() { end_.run(); }

  Seq last();

  std::optional<JobView> job(jobs::JobId id);
  /// Newest first, jobs with lower ids than `before` when it is given.
  std::vector<JobView> jobs(const JobFilter& filter, jobs::JobId before, std::size_t limit);

  /// The JSON view of one thing: "site", "partition", "organisation", "person", "project", "mode",
  /// "call", "proposal", "award".
  std::optional<std::string> thing(std::string_view kind, std::uint64_t id);
  /// The view of a "site", "partition" or "mode" by its slug.
  std::optional<std::string> thing_by_slug(std::string_view kind, std::string_view slug);
  /// In the order of ids, after `after`.
  std::vector<std::string> things(std::string_view kind, std::uint64_t after, std::size_t limit);
  /// Likewise, only things of the projects that the person belongs to: "proposal", "award".
  std::vector<std::string> things_of_member(std::string_view kind, federation::PersonId person,
                                            std::uint64_t after, std::size_t limit);

  std::optional<AccountView> account(ledger::AccountId id);
  std::vector<AccountView> accounts_of(federation::ProjectId project);
  std::vector<LineView> statement(ledger::AccountId account, Seq after, std::size_t limit);

  bool is_member(federation::PersonId person, federation::ProjectId project);
  std::vector<federation::ProjectId> projects_of(federation::PersonId person);

  /// The settled runs of a site, by its slug, that ended from `from` on and before `to`; at most
  /// `limit`.
  std::vector<jobs::ChargedRun> runs_of(std::string_view site, Time from, Time to,
                                        std::size_t limit);
  /// False also for a job that is not known.
  bool has_ended(jobs::JobId id);

  std::optional<std::string> document(const Sha256& hash);
  std::vector<EventView> events(Seq after, std::size_t limit);
  /// The chain at an event; nothing when there is no such event.
  std::optional<Sha256> chain_at(Seq seq);

  Database& database() { return database_; }

 private:
  JobView job_row(const Statement& row);
  void add_tasks(JobView& job);
  void add_runs(JobView& job);

  Database database_;
  Statement job_;
  Statement tasks_;
  Statement runs_;
  Statement thing_;
  Statement member_;
  Statement begin_;
  Statement end_;
};

}  // namespace fabrica::store
