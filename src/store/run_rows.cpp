#include "store/read_tables.h"

/// The part of the read tables that keeps what was charged for each run of a job at a site with
/// books of its own. The charge of a run, and what is given back of it, follow its end in the log.
namespace fabrica::store {

namespace {

/// What a row says of a run, whether or not it was its task's last.
struct RunRow {
  jobs::JobId job;
  std::uint32_t task = 0;
  const jobs::RunKey& key;
  Time started;
  Time ended;
  jobs::Outcome outcome;
  ComputeTime owed;
};

void put(Statement& statement, const jobs::Job& job, const RunRow& row) {
  const std::uint32_t number = job.request->array.empty() ? 0 : job.request->array[row.task];
  statement.bind(1, row.job.value)
      .bind(2, row.task)
      .bind(3, row.key.started.ms)
      .bind(4, number)
      .bind(5, row.key.id)
      .bind(6, row.key.submitted.ms)
      .bind(7, row.key.restarts)
      .bind(8, row.started.ms)
      .bind(9, row.ended.ms)
      .bind(10, name_of(row.outcome))
      .bind(11, job.units.numerator)
      .bind(12, job.units.denominator)
      .bind(13, job.hold_per_task.unit_ms())
      .bind(14, row.owed.unit_ms())
      .run();
}

// The task's last run is there, and is of the same shape.
void copy(Statement& statement, const RunRow& row) {
  statement.bind(1, row.job.value)
      .bind(2, row.task)
      .bind(3, row.key.started.ms)
      .bind(4, row.key.id)
      .bind(5, row.key.submitted.ms)
      .bind(6, row.key.restarts)
      .bind(7, row.started.ms)
      .bind(8, row.ended.ms)
      .bind(9, name_of(row.outcome))
      .bind(10, row.owed.unit_ms())
      .run();
}

}  // namespace

void ReadTables::put_run(const jobs::TaskEnded& event) {
  run_ = {};
  if (event.key.id == 0) return;
  run_ = {event.job, event.task, event.key.started, false};
  put(put_run_, after_->jobs.jobs.at(event.job),
      {event.job, event.task, event.key, event.started, event.ended, event.outcome, {}});
}

void ReadTables::put_run(const jobs::RunEnded& event) {
  run_ = {event.job, event.task, event.key.started, true};
  const Time started = event.ended > event.key.started ? event.key.started : Time{};
  const RunRow row{event.job,   event.task,    event.key, started,
                   event.ended, event.outcome, event.owed};
  const jobs::Job* job = after_->jobs.jobs.find(event.job);
  job != nullptr ? put(put_run_, *job, row) : copy(copy_run_, row);
}

void ReadTables::add_to_run(ComputeTime charged, ComputeTime given_back, ComputeTime paid) {
  if (!run_.job) return;
  run_.just_ended = false;
  charge_run_.bind(1, run_.job.value)
      .bind(2, run_.task)
      .bind(3, run_.site_started.ms)
      .bind(4, charged.unit_ms())
      .bind(5, given_back.unit_ms())
      .bind(6, paid.unit_ms())
      .run();
}

void ReadTables::charge_owed(const jobs::OwedCharged& event) {
  run_ = {event.job, event.task, event.started, false};
  add_to_run({}, {}, event.amount);
}

void ReadTables::charge_run(const ledger::UsageCharged& event) { add_to_run(event.amount, {}, {}); }

// The system corrects in the same step as it settles a run: a run that became known after its
// task's end is charged so, and others are given back. What a person corrects is put to the last
// run of the job.
void ReadTables::correct_run(const Recorded& recorded, const ledger::ChargeCorrected& event) {
  if (recorded.actor) {
    correct_run_.bind(1, event.job).bind(2, event.amount.unit_ms()).run();
  } else if (run_.just_ended && event.amount < ComputeTime{}) {
    add_to_run(-event.amount, {}, {});
  } else {
    add_to_run({}, event.amount, {});
  }
}

}  // namespace fabrica::store
