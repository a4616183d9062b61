#include "jobs/charges.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"

namespace fabrica::jobs {

Time writable(Time time) { return std::clamp(time, Time{}, limits::latest_time); }

std::string short_text(std::string_view text) {
  return std::string(cut_utf8(text, limits::name_bytes_max));
}

ComputeTime cost_of_run(const Job& job, Time started, Time ended) {
  if (started == Time{} || ended <= started) return ComputeTime{};
  const std::optional<ComputeTime> used = cost(job.units, ended - started);
  return used && *used < job.hold_per_task ? *used : job.hold_per_task;
}

void pass_on_if_over(const Context& context, const Job& job, ComputeTime amount,
                     std::vector<Yield>& yields) {
  if (!context.ledger.accounts.at(job.account).closed) return;
  const AccountId pool = context.ledger.of_partition.at(job.partition).pool;
  yields.emplace_back(
      ledger::Event{ledger::Transferred{job.account, pool, amount, "award is over"}});
}

void release(const Context& context, const Job& job, JobId id, ComputeTime amount,
             std::vector<Yield>& yields) {
  if (amount == ComputeTime{}) return;
  yields.emplace_back(ledger::Event{ledger::HoldReleased{hold_of(id), job.account, amount}});
  pass_on_if_over(context, job, amount, yields);
}

void charge(const Context& context, const Job& job, JobId id, ComputeTime amount,
            std::vector<Yield>& yields) {
  if (amount == ComputeTime{}) return;
  const AccountId usage = context.ledger.of_partition.at(job.partition).usage;
  yields.emplace_back(ledger::Event{ledger::UsageCharged{hold_of(id), job.account, usage, amount}});
}

bool refund_is_due(const Context& context, const Job& job, Outcome outcome) {
  if (outcome == Outcome::completed) return false;
  const federation::Connection connection = context.federation.sites.at(job.site).connection;
  return context.policies.refund({outcome, connection});
}

ledger::Event given_back(const Context& context, const Job& job, JobId id, Outcome outcome,
                         ComputeTime amount) {
  const AccountId usage = context.ledger.of_partition.at(job.partition).usage;
  return ledger::ChargeCorrected{
      job.account, usage, amount, id.value,
      fmt::format("{} by the site: {}", name_of(outcome), context.policies.refund_name)};
}

}  // namespace fabrica::jobs
