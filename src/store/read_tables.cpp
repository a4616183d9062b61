#include "store/read_tables.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/describe.h"
#include "json/write.h"
#include "store/views.h"

namespace fabrica::store {

namespace {

constexpr const char* table_schema = R"(
CREATE TABLE IF NOT EXISTS things(kind TEXT NOT NULL, id INTEGER NOT NULL, view TEXT NOT NULL,
  PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, unit TEXT NOT NULL,
  partition INTEGER NOT NULL, project INTEGER NOT NULL, balance INTEGER NOT NULL, held INTEGER NOT NULL,
  locked INTEGER NOT NULL, closed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lines(id INTEGER PRIMARY KEY, lines BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS jobs(id INTEGER PRIMARY KEY, project INTEGER NOT NULL, owner INTEGER NOT NULL,
  account INTEGER NOT NULL, site TEXT NOT NULL, partition TEXT NOT NULL, unit TEXT NOT NULL, phase TEXT NOT NULL,
  outcome TEXT NOT NULL, cancel INTEGER NOT NULL, name TEXT NOT NULL, submitted INTEGER NOT NULL,
  started INTEGER NOT NULL, ended INTEGER NOT NULL, time_limit INTEGER NOT NULL, nodes INTEGER NOT NULL,
  tasks INTEGER NOT NULL, cpus INTEGER NOT NULL, gpus INTEGER NOT NULL, memory INTEGER NOT NULL,
  array_size INTEGER NOT NULL, hold INTEGER NOT NULL, charged INTEGER NOT NULL, script BLOB NOT NULL,
  document BLOB NOT NULL, policy TEXT NOT NULL, reasons TEXT NOT NULL, reference TEXT NOT NULL,
  submission TEXT NOT NULL, attempt INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_of_project ON jobs(project);
CREATE TABLE IF NOT EXISTS tasks(job INTEGER NOT NULL, task INTEGER NOT NULL, outcome TEXT NOT NULL,
  started INTEGER NOT NULL, ended INTEGER NOT NULL, exit_code INTEGER NOT NULL, signal INTEGER NOT NULL,
  cpu_ms INTEGER NOT NULL, memory_peak INTEGER NOT NULL, text TEXT NOT NULL, returned INTEGER NOT NULL,
  PRIMARY KEY(job, task)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs(job INTEGER NOT NULL, task INTEGER NOT NULL, site_started INTEGER NOT NULL,
  number INTEGER NOT NULL, site_id INTEGER NOT NULL, submitted INTEGER NOT NULL, restarts INTEGER NOT NULL,
  started INTEGER NOT NULL, ended INTEGER NOT NULL, outcome TEXT NOT NULL, units INTEGER NOT NULL,
  per_units INTEGER NOT NULL, most INTEGER NOT NULL, charged INTEGER NOT NULL, given_back INTEGER NOT NULL,
  owed INTEGER NOT NULL, PRIMARY KEY(job, task, site_started)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_end ON runs(ended);
CREATE TABLE IF NOT EXISTS members(person INTEGER NOT NULL, project INTEGER NOT NULL,
  PRIMARY KEY(person, project)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS members_of_project ON members(project);
)";

struct Span {
  Time started;
  Time ended;
};

// When the first task began and, for an ended job, when the last one ended.
Span span_of(const jobs::Job& job) {
  Span span;
  for (const jobs::Task& task : job.tasks) {
    if (task.started != Time{} && (span.started == Time{} || task.started < span.started))
      span.started = task.started;
    if (task.ended > span.ended) span.ended = task.ended;
  }
  if (job.phase != jobs::JobPhase::ended) span.ended = Time{};
  return span;
}

}  // namespace

void ReadTables::create(Database& database) { database.run(table_schema); }

void ReadTables::clear(Database& database) {
  for (const char* table : {"things", "accounts", "lines", "jobs", "tasks", "runs", "members"}) {
    database.run(std::string("DELETE FROM ") + table);
  }
}

ReadTables::ReadTables(Database& database)
    : put_thing_(database, "INSERT OR REPLACE INTO things VALUES(?,?,?)"),
      put_account_(database, "INSERT OR REPLACE INTO accounts VALUES(?,?,?,?,?,?,?,?,?)"),
      put_lines_(database,
                 "INSERT INTO lines VALUES(?,?) ON CONFLICT(id) "
                 "DO UPDATE SET lines=CAST(lines||excluded.lines AS BLOB)"),
      insert_job_(database,
                  "INSERT OR REPLACE INTO jobs "
                  "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,'',?,?)"),
      update_job_(database,
                  "UPDATE jobs SET "
                  "phase=?2,outcome=?3,cancel=?4,started=?5,ended=?6,charged=?7,submission=?8,"
                  "attempt=?9 "
                  "WHERE id=?1"),
      put_reference_(database, "UPDATE jobs SET reference=?2 WHERE id=?1"),
      start_task_(database, "INSERT OR REPLACE INTO tasks VALUES(?,?,'none',?,0,0,0,0,0,'',0)"),
      return_task_(database, "UPDATE tasks SET returned=?3,exit_code=?4 WHERE job=?1 AND task=?2"),
      end_task_(database, "INSERT OR REPLACE INTO tasks VALUES(?,?,?,?,?,?,?,?,?,?,0)"),
      put_run_(database, "INSERT OR REPLACE INTO runs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,0,0,?)"),
      copy_run_(database,
                "INSERT OR REPLACE INTO runs SELECT job,task,?3,number,?4,?5,?6,?7,?8,?9,units,"
                "per_units,most,0,0,?10 FROM runs WHERE job=?1 AND task=?2 LIMIT 1"),
      charge_run_(database,
                  "UPDATE runs SET charged=charged+?4, given_back=given_back+?5, owed=owed-?6 "
                  "WHERE job=?1 AND task=?2 AND site_started=?3"),
      correct_run_(database,
                   "UPDATE runs SET given_back=given_back+?2 WHERE job=?1 AND (task, site_started) "
                   "IN (SELECT task, site_started FROM runs WHERE job=?1 ORDER BY ended DESC, task "
                   "DESC LIMIT 1)"),
      drop_members_(database, "DELETE FROM members WHERE project=?"),
      put_member_(database, "INSERT OR IGNORE INTO members VALUES(?,?)") {
  Statement known(database, "SELECT id, balance, held FROM accounts");
  while (known.step()) {
    balances_[ledger::AccountId{known.number(0)}] = {ComputeTime{known.integer(1)},
                                                     ComputeTime{known.integer(2)}};
  }
}

void ReadTables::project(std::span<const Recorded> records, const State& after) {
  after_ = &after;
  for (const Recorded& recorded : records) {
    std::visit(
        [&]<class E>(const E& event) {
          if constexpr (std::is_same_v<E, ledger::Event>) {
            note(recorded, event);
          } else {
            note(event);
          }
        },
        recorded.event);
  }
  flush(after);
}

void ReadTables::note(const federation::Event& event) {
  using namespace federation;
  struct Noting {
    ReadTables& to;
    void operator()(const CountryRegistered&) const {}
    void operator()(const SiteRegistered& one) const { to.sites_.insert(one.id); }
    void operator()(const SystemRegistered& one) const { to.sites_.insert(one.system->site); }
    void operator()(const PartitionRegistered& one) const { to.partitions_.insert(one.id); }
    void operator()(const SiteDrained& one) const { to.sites_.insert(one.site); }
    void operator()(const SiteFellSilent& one) const { to.sites_.insert(one.site); }
    void operator()(const SiteAnswered& one) const { to.sites_.insert(one.site); }
    void operator()(const OrganisationRegistered& one) const { to.organisations_.insert(one.id); }
    void operator()(const PersonRegistered& one) const { to.people_.insert(one.id); }
    void operator()(const RolesAssigned& one) const { to.people_.insert(one.person); }
    void operator()(const ProjectOpened& one) const { to.projects_.insert(one.id); }
    void operator()(const MemberAdded& one) const { to.projects_.insert(one.project); }
    void operator()(const MemberRemoved& one) const { to.projects_.insert(one.project); }
  };
  std::visit(Noting{*this}, event);
}

void ReadTables::note(const calls::Event& event) {
  using namespace calls;
  struct Noting {
    ReadTables& to;
    void operator()(const ModeRegistered& one) const { to.modes_.insert(one.id); }
    void operator()(const CallOpened& one) const { to.calls_.insert(one.id); }
    void operator()(const ProposalSubmitted& one) const { to.proposals_.insert(one.id); }
    void operator()(const EligibilityChecked& one) const { to.proposals_.insert(one.proposal); }
    void operator()(const ProposalAssessed& one) const { to.proposals_.insert(one.proposal); }
    void operator()(const AwardGranted& one) const {
      to.awards_.insert(one.id);
      to.proposals_.insert(one.proposal);
    }
    void operator()(const AwardAccepted& one) const { to.awards_.insert(one.award); }
    void operator()(const AwardDeclined& one) const { to.awards_.insert(one.award); }
    void operator()(const AwardLapsed& one) const { to.awards_.insert(one.award); }
    void operator()(const AwardExpired& one) const { to.awards_.insert(one.award); }
  };
  std::visit(Noting{*this}, event);
}

void ReadTables::note(const jobs::Event& event) {
  using namespace jobs;
  struct Noting {
    ReadTables& to;
    // A job gets its row when it is placed: only then all of it is known.
    void operator()(const JobAccepted&) const {}
    void operator()(const JobPlaced& one) const { to.placed_[one.job] = {one.policy, one.reasons}; }
    void operator()(const JobQueued& one) const {
      to.jobs_.insert(one.job);
      to.references_[one.job] = one.reference;
    }
    void operator()(const JobUnknown& one) const { to.jobs_.insert(one.job); }
    void operator()(const JobBound& one) const {
      to.jobs_.insert(one.job);
      to.references_[one.job] = fmt::format("{}:{}", one.cluster, one.binding.id);
    }
    void operator()(const JobRetried& one) const {
      to.jobs_.insert(one.job);
      to.references_[one.job] = "";
    }
    void operator()(const EvacuationAdvanced&) const {}
    void operator()(const JobRecalled& one) const { to.jobs_.insert(one.job); }
    // It is placed anew in the same batch.
    void operator()(const JobMoved& one) const { to.references_[one.job] = ""; }
    void operator()(const TaskStarted& one) const {
      to.jobs_.insert(one.job);
      to.put_task(one);
    }
    void operator()(const TaskReturned& one) const { to.put_task(one); }
    void operator()(const TaskEnded& one) const {
      to.jobs_.insert(one.job);
      to.put_task(one);
      to.put_run(one);
    }
    void operator()(const RunEnded& one) const {
      // Of one that ended long ago nothing else has changed, and State may have let it go.
      if (to.after_->jobs.jobs.find(one.job) != nullptr) to.jobs_.insert(one.job);
      to.put_run(one);
    }
    void operator()(const OwedCharged& one) const { to.charge_owed(one); }
    void operator()(const JobCancelRequested& one) const { to.jobs_.insert(one.job); }
    void operator()(const JobEnded& one) const { to.jobs_.insert(one.job); }
    // How accounts stand at their sites is State's.
    void operator()(const AccountProvided&) const {}
    void operator()(const AccountShut&) const {}
    void operator()(const AccountRefused&) const {}
    void operator()(const AccountAltered&) const {}
    void operator()(const AccountsMended&) const {}
  };
  std::visit(Noting{*this}, event);
}

void ReadTables::put_task(const jobs::TaskStarted& event) {
  start_task_.bind(1, event.job.value).bind(2, event.task).bind(3, event.at.ms).run();
}

void ReadTables::put_task(const jobs::TaskReturned& event) {
  return_task_.bind(1, event.job.value)
      .bind(2, event.task)
      .bind(3, event.at.ms)
      .bind(4, event.exit_code)
      .run();
}

void ReadTables::put_task(const jobs::TaskEnded& event) {
  end_task_.bind(1, event.job.value)
      .bind(2, event.task)
      .bind(3, name_of(event.outcome))
      .bind(4, event.started.ms)
      .bind(5, event.ended.ms)
      .bind(6, event.exit_code)
      .bind(7, event.signal)
      .bind(8, event.cpu_ms)
      .bind(9, event.memory_bytes_peak)
      .bind(10, event.text)
      .run();
}

void ReadTables::flush(const State& after) {
  flush_members(after);
  flush_things("site", sites_, after);
  flush_things("partition", partitions_, after);
  flush_things("organisation", organisations_, after);
  flush_things("person", people_, after);
  flush_things("project", projects_, after);
  flush_things("mode", modes_, after);
  flush_things("call", calls_, after);
  flush_things("proposal", proposals_, after);
  flush_things("award", awards_, after);
  flush_lines();
  flush_accounts(after);
  flush_jobs(after);
}

template <class Id>
void ReadTables::flush_things(const char* kind, std::set<Id>& things, const State& after) {
  for (const Id id : things) {
    const std::string view = json::to_json(view_of(after, id));
    put_thing_.bind(1, kind).bind(2, id.value).bind(3, view).run();
  }
  things.clear();
}

void ReadTables::flush_members(const State& after) {
  for (const federation::ProjectId id : projects_) {
    drop_members_.bind(1, id.value).run();
    const federation::Project& project = after.federation.projects.at(id);
    put_member_.bind(1, project.lead.value).bind(2, id.value).run();
    for (const federation::PersonId member : project.members) {
      put_member_.bind(1, member.value).bind(2, id.value).run();
    }
  }
}

void ReadTables::flush_accounts(const State& after) {
  for (const ledger::AccountId id : accounts_) {
    const ledger::Account& account = after.ledger.accounts.at(id);
    const Balance& balance = balances_[id];
    CHECK(balance.balance == account.balance && balance.held == account.held,
          "the lines of a statement add up to the account");
    put_account_.bind(1, id.value)
        .bind(2, name_of(account.kind))
        .bind(3, name_of(account.unit))
        .bind(4, account.partition.value)
        .bind(5, account.project.value)
        .bind(6, account.balance.unit_ms())
        .bind(7, account.held.unit_ms())
        .bind(8, account.locked ? 1 : 0)
        .bind(9, account.closed ? 1 : 0)
        .run();
  }
  accounts_.clear();
}

void ReadTables::flush_jobs(const State& after) {
  for (const auto& [id, placed] : placed_) insert_job(id, after.jobs.jobs.at(id), after);
  for (const jobs::JobId id : jobs_) {
    // A job that is new in this call was just written with all that is known of it, but for its
    // reference.
    if (!placed_.contains(id)) update_job(id, after.jobs.jobs.at(id));
  }
  for (const auto& [id, reference] : references_)
    put_reference_.bind(1, id.value).bind(2, reference).run();
  references_.clear();
  placed_.clear();
  jobs_.clear();
}

void ReadTables::insert_job(jobs::JobId id, const jobs::Job& job, const State& after) {
  const Placed& placed = placed_.at(id);
  const federation::Partition& partition = after.federation.partitions.at(job.partition);
  const Span span = span_of(job);
  const auto hold = exchange(job.hold_per_task, {static_cast<std::int64_t>(job.tasks.size()), 1});
  insert_job_.bind(1, id.value)
      .bind(2, job.project.value)
      .bind(3, job.owner.value)
      .bind(4, job.account.value)
      .bind(5, after.federation.sites.at(job.site).slug)
      .bind(6, partition.slug)
      .bind(7, name_of(partition.unit))
      .bind(8, name_of(job.phase))
      .bind(9, name_of(job.outcome))
      .bind(10, job.cancel_requested ? 1 : 0)
      .bind(11, job.request->name)
      .bind(12, job.submitted.ms)
      .bind(13, span.started.ms)
      .bind(14, span.ended.ms)
      .bind(15, job.request->time_limit.ms)
      .bind(16, job.request->nodes)
      .bind(17, job.request->tasks)
      .bind(18, job.request->cpus_per_node)
      .bind(19, job.request->gpus_per_node)
      .bind(20, job.request->memory_mib_per_node)
      .bind(21, static_cast<std::uint64_t>(job.request->array.size()))
      .bind(22, hold ? hold->unit_ms() : 0)
      .bind(23, job.charged.unit_ms())
      .bind(24, std::span<const std::byte>(job.request->script.bytes))
      .bind(25, std::span<const std::byte>(job.request->document.bytes))
      .bind(26, placed.policy)
      .bind(27, placed.reasons)
      .bind(28, name_of(job.submission))
      .bind(29, job.attempt)
      .run();
}

void ReadTables::update_job(jobs::JobId id, const jobs::Job& job) {
  const Span span = span_of(job);
  update_job_.bind(1, id.value)
      .bind(2, name_of(job.phase))
      .bind(3, name_of(job.outcome))
      .bind(4, job.cancel_requested ? 1 : 0)
      .bind(5, span.started.ms)
      .bind(6, span.ended.ms)
      .bind(7, job.charged.unit_ms())
      .bind(8, name_of(job.submission))
      .bind(9, job.attempt)
      .run();
}

}  // namespace fabrica::store
