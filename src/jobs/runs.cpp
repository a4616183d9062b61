#include "jobs/runs.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "jobs/charges.h"

namespace fabrica::jobs {

namespace {

// The runs of a task that said that it begins are known by their numbers: one that did not say so
// has not run its script.
bool ran_its_script(const Task& task, const SiteRunEnded& report) {
  if (!report.says_start) return true;
  return task.started != Time{} && report.key.restarts <= task.run;
}

// What its account may spend beside what it holds. An award that is over may spend nothing.
ComputeTime spendable(const Context& context, const Job& job) {
  const ledger::Account& account = context.ledger.accounts.at(job.account);
  return std::max(ComputeTime{}, account.available() - account.floor);
}

RunEnded run_ended(const SiteRunEnded& report, bool begun, ComputeTime owed) {
  std::string text = report.text;
  if (owed > ComputeTime{}) text = short_text("the account has too little left; " + text);
  return {report.job,     report.task, report.key,     begun ? report.ended : report.key.started,
          report.outcome, owed,        std::move(text)};
}

// The job goes on.
void settle_live(const Context& context, const Job& job, const SiteRunEnded& report, bool begun,
                 std::vector<Yield>& yields) {
  const ComputeTime cost =
      begun ? cost_of_run(job, report.key.started, report.ended) : ComputeTime{};
  const bool back = refund_is_due(context, job, report.outcome);
  const ComputeTime charged = back ? cost : std::min(cost, spendable(context, job));
  yields.emplace_back(Event{run_ended(report, begun, cost - charged)});
  charge(context, job, report.job, charged, yields);
  if (charged > ComputeTime{}) {
    if (back) yields.emplace_back(given_back(context, job, report.job, report.outcome, charged));
    const AccountId usage = context.ledger.of_partition.at(job.partition).usage;
    yields.emplace_back(
        ledger::Event{ledger::HoldExtended{hold_of(report.job), job.account, usage, charged}});
  }
  if (charged < cost && !job.cancel_requested)
    yields.emplace_back(Event{JobCancelRequested{report.job, PersonId{}}});
}

// The task has ended and its hold is settled: what becomes known now is a new entry.
void settle_late(const Context& context, const Job& job, const SiteRunEnded& report, bool begun,
                 std::vector<Yield>& yields) {
  const ComputeTime cost =
      begun ? cost_of_run(job, report.key.started, report.ended) : ComputeTime{};
  const ComputeTime charged = std::min(cost, spendable(context, job));
  const bool back = refund_is_due(context, job, report.outcome);
  yields.emplace_back(Event{run_ended(report, begun, back ? ComputeTime{} : cost - charged)});
  if (charged == ComputeTime{}) return;
  const AccountId usage = context.ledger.of_partition.at(job.partition).usage;
  yields.emplace_back(ledger::Event{ledger::ChargeCorrected{
      job.account, usage, -charged, report.job.value,
      fmt::format("an earlier run, known late: began {}", to_string(report.key.started))}});
  if (back) yields.emplace_back(given_back(context, job, report.job, report.outcome, charged));
}

// Of a job that this site has or had, and the attempt that counts.
const Job* known_attempt(const Context& context, SiteId site, const SiteRunEnded& report) {
  const Job* job = context.jobs.jobs.find(report.job);
  const bool known = job != nullptr && job->site == site && job->phase != JobPhase::waiting &&
                     job->attempt == report.attempt && report.task < job->tasks.size();
  return known ? job : nullptr;
}

bool is_full(const State& state, JobId job) {
  const auto runs = state.past_runs.find(job);
  return runs != state.past_runs.end() && runs->second.size() >= limits::past_runs_max;
}

}  // namespace

bool is_settled(const State& state, JobId job, std::uint32_t task, Time started) {
  const auto runs = state.past_runs.find(job);
  return runs != state.past_runs.end() &&
         std::ranges::binary_search(
             runs->second, std::pair(task, started), {},
             [](const PastRun& run) { return std::pair(run.task, run.started); });
}

std::vector<Yield> heard(const Context& context, SiteId site, const SiteRunEnded& said) {
  const Job* job = known_attempt(context, site, said);
  if (job == nullptr || said.outcome == Outcome::none) return {};
  SiteRunEnded report = said;
  report.key.submitted = writable(said.key.submitted);
  report.key.started = writable(said.key.started);
  report.ended = writable(said.ended);
  report.text = short_text(said.text);
  if (report.key.started == Time{} || report.ended <= report.key.started) return {};
  if (is_settled(context.jobs, report.job, report.task, report.key.started)) return {};
  if (is_full(context.jobs, report.job)) return {};
  const Task& task = job->tasks[report.task];
  const bool ended = task.outcome != Outcome::none;
  // The last run of an ended task has the highest number: that one is charged.
  if (ended && report.key.restarts >= task.run) return {};
  std::vector<Yield> yields;
  const bool begun = ran_its_script(task, report);
  if (ended) {
    settle_late(context, *job, report, begun, yields);
  } else {
    settle_live(context, *job, report, begun, yields);
  }
  return yields;
}

ComputeTime charge_owed(const Context& context, JobId id, const Job& job, std::uint32_t task,
                        ComputeTime left, std::vector<Yield>& yields) {
  ComputeTime taken;
  const auto runs = context.jobs.past_runs.find(id);
  if (runs == context.jobs.past_runs.end()) return taken;
  for (const PastRun& run : runs->second) {
    const ComputeTime amount = std::min(run.owed, left - taken);
    if (run.task != task || amount == ComputeTime{}) continue;
    yields.emplace_back(Event{OwedCharged{id, task, run.started, amount}});
    charge(context, job, id, amount, yields);
    taken += amount;
  }
  return taken;
}

}  // namespace fabrica::jobs
