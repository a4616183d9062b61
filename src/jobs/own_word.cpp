#include "jobs/own_word.h"

#include <fmt/core.h>

#include <algorithm>

#include "jobs/refusals.h"

namespace fabrica::jobs {

namespace {

std::unexpected<Refusal> never(std::string text) {
  return refuse(refusal::superseded, "job", std::move(text));
}

struct Spoken {
  const Job& job;
  const Task& task;
  std::uint32_t place() const { return static_cast<std::uint32_t>(&task - job.tasks.data()); }
};

// Who speaks, when it is of the one copy of the one attempt that counts.
Result<Spoken> speaker_of(const Context& context, const OwnWord& word) {
  if (context.actor) {
    return refuse(fabrica::refusal::forbidden, "", "Only a task speaks for itself.");
  }
  const Job* job = context.jobs.jobs.find(word.job);
  if (job == nullptr || job->phase == JobPhase::ended || job->phase == JobPhase::waiting) {
    return never(fmt::format("{} is not to run.", word.job));
  }
  if (job->attempt != word.attempt) {
    return never(
        fmt::format("Attempt {} of {} counts, not {}.", job->attempt, word.job, word.attempt));
  }
  const Task* task = task_numbered(*job, word.number);
  if (task == nullptr) return never(fmt::format("{} has no task {}.", word.job, word.number));
  if (job->submission != SubmissionState::bound) {
    return refuse(refusal::not_bound, "job",
                  fmt::format("{} is not yet known to be at its site; ask again.", word.job));
  }
  if (job->binding.id != word.binding) {
    return never(fmt::format("{} is {} at its site; {} is a copy.", word.job, job->binding.id,
                             word.binding));
  }
  return Spoken{*job, *task};
}

}  // namespace

const Task* task_numbered(const Job& job, std::uint32_t number) {
  const std::vector<std::uint32_t>& array = job.request->array;
  if (array.empty()) return number == 0 ? job.tasks.data() : nullptr;
  const auto found = std::ranges::lower_bound(array, number);
  if (found == array.end() || *found != number) return nullptr;
  return &job.tasks[static_cast<std::size_t>(found - array.begin())];
}

Result<std::vector<Yield>> begin_task(const Context& context, const BeginTask& command) {
  const OwnWord& word = command.word;
  TRY(const Spoken speaker, speaker_of(context, word));
  const Task& task = speaker.task;
  if (task.outcome != Outcome::none) return never("The task has ended.");
  if (speaker.job.cancel_requested) return never(fmt::format("{} was cancelled.", word.job));
  if (speaker.job.recalled) return never(fmt::format("{} goes to another site.", word.job));
  std::vector<Yield> yields;
  // What came to its end by itself is not run again, whatever its site forgot.
  const bool anew = task.started != Time{} && task.returned == Time{} && word.run > task.run;
  if (task.started == Time{} || anew)
    yields.emplace_back(Event{TaskStarted{word.job, speaker.place(), context.now, word.run}});
  return yields;
}

Result<std::vector<Yield>> return_task(const Context& context, const ReturnTask& command) {
  const OwnWord& word = command.word;
  TRY(const Spoken speaker, speaker_of(context, word));
  const Task& task = speaker.task;
  if (task.outcome == Outcome::none && (task.started == Time{} || word.run != task.run))
    return never("The task did not say that it begins.");
  std::vector<Yield> yields;
  if (task.outcome == Outcome::none && task.returned == Time{})
    yields.emplace_back(
        Event{TaskReturned{word.job, speaker.place(), context.now, command.exit_code}});
  return yields;
}

}  // namespace fabrica::jobs
