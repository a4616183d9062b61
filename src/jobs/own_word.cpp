#include "jobs/own_word.h"

#include <fmt/core.h>

#include "jobs/refusals.h"

namespace fabrica::jobs {

namespace {

std::unexpected<Refusal> never(std::string text) {
  return refuse(refusal::superseded, "job", std::move(text));
}

// The job that `word` speaks of, when it is the one copy of the one attempt that counts.
Result<const Job*> spoken_of(const Context& context, const OwnWord& word) {
  if (context.actor) {
    return refuse(fabrica::refusal::forbidden, "", "Only a task speaks for itself.");
  }
  const Job* job = context.jobs.jobs.find(word.job);
  if (job == nullptr || job->phase == JobPhase::ended || job->phase == JobPhase::waiting) {
    return never(fmt::format("{} is not to run.", word.job));
  }
  if (job->attempt != word.attempt || word.task >= job->tasks.size()) {
    return never(
        fmt::format("Attempt {} of {} counts, not {}.", job->attempt, word.job, word.attempt));
  }
  if (job->submission != SubmissionState::bound) {
    return refuse(refusal::not_bound, "job",
                  fmt::format("{} is not yet known to be at its site; ask again.", word.job));
  }
  if (job->binding.id != word.binding) {
    return never(fmt::format("{} is {} at its site; {} is a copy.", word.job, job->binding.id,
                             word.binding));
  }
  return job;
}

}  // namespace

Result<std::vector<Yield>> begin_task(const Context& context, const BeginTask& command) {
  const OwnWord& word = command.word;
  TRY(const Job* const job, spoken_of(context, word));
  const Task& task = job->tasks[word.task];
  if (task.outcome != Outcome::none) return never("The task has ended.");
  if (job->cancel_requested) return never(fmt::format("{} was cancelled.", word.job));
  std::vector<Yield> yields;
  const bool anew = task.started != Time{} && word.run > task.run;
  if (task.started == Time{} || anew)
    yields.emplace_back(Event{TaskStarted{word.job, word.task, context.now, word.run}});
  return yields;
}

Result<std::vector<Yield>> return_task(const Context& context, const ReturnTask& command) {
  const OwnWord& word = command.word;
  TRY(const Job* const job, spoken_of(context, word));
  const Task& task = job->tasks[word.task];
  if (task.outcome == Outcome::none && (task.started == Time{} || word.run != task.run))
    return never("The task did not say that it begins.");
  std::vector<Yield> yields;
  if (task.outcome == Outcome::none && task.returned == Time{})
    yields.emplace_back(Event{TaskReturned{word.job, word.task, context.now, command.exit_code}});
  return yields;
}

}  // namespace fabrica::jobs
