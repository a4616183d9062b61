#include "sites/local/connector.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "jobs/document.h"
#include "json/read.h"
#include "sbatch/values.h"
#include "sites/local/output.h"

namespace fabrica::sites::local {

namespace {

// "7.1.0": job, attempt, place in the array. The only form of tag that this connector makes.
std::string tag_of(jobs::JobId job, std::uint32_t attempt, std::uint32_t task) {
  return fmt::format("{}.{}.{}", job.value, attempt, task);
}

struct TagParts {
  jobs::JobId job;
  std::uint32_t attempt = 1;
  std::uint32_t task = 0;
};

std::optional<TagParts> parts_of(std::string_view tag) {
  std::array<std::uint64_t, 3> numbers{};
  const char* at = tag.data();
  const char* const end = at + tag.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{}) return std::nullopt;
    at = next;
  }
  if (at != end) return std::nullopt;
  return TagParts{jobs::JobId{numbers[0]}, static_cast<std::uint32_t>(numbers[1]),
                  static_cast<std::uint32_t>(numbers[2])};
}

jobs::Outcome outcome_of(EndReason reason) {
  switch (reason) {
    case EndReason::completed:
      return jobs::Outcome::completed;
    case EndReason::failed:
      return jobs::Outcome::failed;
    case EndReason::timeout:
      return jobs::Outcome::timeout;
    case EndReason::out_of_memory:
      return jobs::Outcome::out_of_memory;
    case EndReason::cancelled:
      return jobs::Outcome::cancelled;
    case EndReason::launch_failed:
      return jobs::Outcome::launch_failed;
    case EndReason::supervisor_lost:
      return jobs::Outcome::lost;
  }
  return jobs::Outcome::lost;
}

jobs::SiteEnded ended_report(const TagParts& parts, const Ended& ended) {
  return {parts.job,
          parts.task,
          Time{ended.started_at_ms},
          Time{ended.ended_at_ms},
          outcome_of(ended.reason),
          ended.exit_code,
          ended.signal,
          ended.cpu_ms,
          static_cast<std::int64_t>(ended.peak_memory_bytes),
          ended.text,
          parts.attempt};
}

// A job starts with a clean environment, as with --export=NONE, and what its submission names.
std::vector<std::string> base_environment(const jobs::JobDocument& document) {
  std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
                                       "SHELL=/bin/bash"};
  if (const char* home = std::getenv("HOME"); home != nullptr)
    set_variable(environment, "HOME", home);
  if (!document.user.empty()) {
    set_variable(environment, "USER", document.user);
    set_variable(environment, "LOGNAME", document.user);
  }
  for (const std::string& entry : document.environment) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      set_variable(environment, entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

std::optional<ArrayFacts> array_facts(const jobs::StartJob& request, std::uint32_t task) {
  const std::vector<std::uint32_t>& numbers = request.request->array;
  if (numbers.empty()) return std::nullopt;
  const std::uint32_t step = numbers.size() > 1 ? numbers[1] - numbers[0] : 1;
  return ArrayFacts{request.job.value, numbers[task],  static_cast<std::uint32_t>(numbers.size()),
                    numbers.front(),   numbers.back(), step};
}

}  // namespace

Result<LocalSite> LocalSite::open(LocalSiteOptions options) {
  TRY(Runner runner, Runner::open(options.runner));
  return LocalSite(std::move(options), std::move(runner));
}

void LocalSite::tell(const jobs::SiteRequest& request) {
  if (const auto* start_job = std::get_if<jobs::StartJob>(&request)) start(*start_job);
  if (const auto* stop_job = std::get_if<jobs::StopJob>(&request)) stop(*stop_job);
  // Nothing is ever unknown or held back here, so the other requests do not come.
}

void LocalSite::note_never_started(jobs::JobId job, std::uint32_t attempt, std::uint32_t task,
                                   jobs::Outcome outcome, std::string text) {
  jobs::SiteEnded report;
  report.job = job;
  report.attempt = attempt;
  report.task = task;
  report.outcome = outcome;
  report.text = std::move(text);
  news_.insert_or_assign(tag_of(job, 0, task), report);
}

TaskSpec LocalSite::spec_for(const jobs::StartJob& request, const jobs::JobDocument& document,
                             std::uint32_t task) const {
  const jobs::JobRequest& asked = request.request;
  TaskSpec spec;
  spec.tag = tag_of(request.job, request.attempt, task);
  spec.order = request.job.value * 1'024 + task;
  if (asked.array_at_once > 0) {
    spec.group = fmt::format("{}.{}", request.job.value, request.attempt);
    spec.group_limit = asked.array_at_once;
  }
  spec.cores = asked.cpus_per_node;
  spec.gpus = asked.gpus_per_node;
  spec.memory_bytes = asked.memory_mib_per_node << 20U;
  spec.time_limit = asked.time_limit;
  spec.grace = options_.grace;
  if (const auto signal = sbatch::parse_signal(document.signal);
      signal && !document.signal.empty()) {
    spec.early_signal = EarlySignal{static_cast<std::int32_t>(signal->number),
                                    seconds(signal->seconds_before), signal->batch_shell_only};
  }
  spec.job.array = array_facts(request, task);
  const OutputPaths paths =
      output_paths(document, {request.job, asked.name, options_.node_name,
                              spec.job.array ? std::optional(spec.job.array->task) : std::nullopt});
  spec.output_path = paths.output;
  spec.error_path = paths.error == paths.output ? std::string{} : paths.error;
  spec.input_path = document.input;
  spec.append = document.append;
  spec.working_directory = document.working_directory;
  spec.arguments = document.arguments;
  spec.environment = base_environment(document);
  spec.job.number = request.job.value;
  spec.job.name = asked.name;
  spec.job.user = document.user;
  spec.job.account = to_string(request.project);
  spec.job.partition = options_.partition_name(request.partition);
  spec.job.cluster = options_.cluster;
  spec.job.node_name = options_.node_name;
  spec.job.submit_directory = document.working_directory;
  spec.job.tasks = document.tasks;
  if (document.tasks_per_node > 0) spec.job.tasks_per_node = document.tasks_per_node;
  spec.job.cpus_per_task = document.cpus_per_task;
  if (asked.gpus_per_node > 0) spec.job.gpus_per_node = asked.gpus_per_node;
  spec.job.restart_count = request.attempt - 1;
  return spec;
}

void LocalSite::start(const jobs::StartJob& request) {
  const auto tasks =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, request.request->array.size()));
  const auto refuse_all = [&](const std::string& text) {
    for (std::uint32_t task = 0; task < tasks; ++task) {
      note_never_started(request.job, request.attempt, task, jobs::Outcome::launch_failed, text);
    }
  };
  const std::optional<std::string> script = options_.fetch(request.request->script);
  const std::optional<std::string> text = options_.fetch(request.request->document);
  if (!script || !text) return refuse_all("The job's script is not in the store.");
  const Result<jobs::JobDocument> document =
      json::read<jobs::JobDocument>(*text, json::Missing::defaulted);
  if (!document) return refuse_all(document.error().text);
  for (std::uint32_t task = 0; task < tasks; ++task) {
    const Result<void> accepted = runner_.submit(spec_for(request, *document, task), *script);
    if (!accepted && accepted.error().code == refusal::unavailable) return;  // asked again later
    if (!accepted)
      note_never_started(request.job, request.attempt, task, jobs::Outcome::launch_failed,
                         accepted.error().text);
  }
  queued_[request.job] = tag_of(request.job, request.attempt, 0);
}

void LocalSite::stop(const jobs::StopJob& request) {
  if (request.unless_begun && runner_.has_begun(tag_of(request.job, request.attempt, 0))) return;
  for (std::uint32_t task = 0; task < request.tasks; ++task) {
    if (!runner_.cancel(tag_of(request.job, request.attempt, task))) {
      note_never_started(request.job, request.attempt, task, jobs::Outcome::cancelled,
                         "cancelled before the site had it");
    }
  }
}

std::vector<jobs::Report> LocalSite::hear(Time now) {
  for (const TaskReport& report : runner_.poll(now)) {
    const std::optional<TagParts> parts = parts_of(report.tag);
    if (!parts) continue;
    if (report.state == TaskState::ended && report.ended) {
      news_.insert_or_assign(report.tag, ended_report(*parts, *report.ended));
    } else if (report.state == TaskState::started) {
      news_.insert_or_assign(
          report.tag,
          jobs::SiteStarted{parts->job, parts->task, Time{report.started_at_ms}, parts->attempt});
    }
  }
  std::vector<jobs::Report> reports;
  for (const auto& [job, tag] : queued_)
    reports.emplace_back(jobs::SiteQueued{job, tag, parts_of(tag)->attempt});
  for (const auto& [tag, report] : news_) reports.push_back(report);
  return reports;
}

void LocalSite::acknowledge(std::span<const jobs::Report> reports) {
  for (const jobs::Report& report : reports) {
    if (const auto* queued = std::get_if<jobs::SiteQueued>(&report)) queued_.erase(queued->job);
  }
  // News that came after the report was heard stay; only what was said is forgotten.
  std::erase_if(news_, [&](const auto& item) {
    const bool said = std::ranges::find(reports, item.second) != reports.end();
    if (said && std::holds_alternative<jobs::SiteEnded>(item.second)) runner_.forget(item.first);
    return said;
  });
}

}  // namespace fabrica::sites::local
