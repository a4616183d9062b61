#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "shims/commands.h"
#include "shims/fields.h"
#include "shims/times.h"

/// scontrol: what it shows of jobs, partitions and settings. What it would change is Fabrica's or
/// the site's.
namespace fabrica::shims {

namespace {

constexpr Duration shown_after_end = minutes(5);

constexpr auto scontrol_options = std::to_array<OptionRow>({
    {"oneliner", 'o'},
    {"details", 'd', Takes::ignored},
    {"all", 'a', Takes::ignored},
    {"clusters", 'M', Takes::ignored_value},
    {"quiet", 'Q', Takes::ignored},
    {"verbose", 'v', Takes::ignored},
    {"hide", '\0', Takes::ignored},
    {"future", 'F', Takes::ignored},
    {"federation", '\0', Takes::ignored},
    {"local", '\0', Takes::ignored},
});

// What tools look up in `scontrol show config`; toil waits between its looks as long as the first
// two say.
std::string config_text() {
  const std::array<std::pair<std::string_view, std::string>, 8> lines{{
      {"AcctGatherNodeFreq", "0 sec"},
      {"SchedulerTimeSlice", "1 sec"},
      {"ClusterName", "fabrica"},
      {"JobRequeue", "0"},
      {"MaxArraySize", fmt::to_string(limits::array_tasks_max + 1)},
      {"MaxJobCount", fmt::to_string(limits::live_jobs_max)},
      {"MinJobAge", "300 sec"},
      {"SLURM_VERSION", "22.05.8"},
  }};
  std::string text = fmt::format("Configuration data as of {}\n", stamp(now()));
  for (const auto& [name, value] : lines) text += fmt::format("{:<23} = {}\n", name, value);
  return text + "\n";
}

Outcome<std::vector<Job>> jobs_to_show(Caller& caller, Arguments ids) {
  if (ids.empty()) {
    TRY(const Onlooker onlooker, caller.onlooker());
    return caller.jobs({{"since", to_string(onlooker.now - shown_after_end)}}, true);
  }
  std::vector<Job> jobs;
  for (const std::string& text : ids) {
    const auto word = job_word(text);
    if (!word) return in_these_words("scontrol_print_job error: Invalid job id specified");
    TRY(std::optional<Job> job, caller.job(word->job));
    if (!job) return in_these_words("slurm_load_jobs error: Invalid job id specified");
    jobs.push_back(*std::move(job));
  }
  return jobs;
}

Outcome<int> show_jobs(Caller& caller, Arguments ids, bool one_line) {
  TRY(const Onlooker onlooker, caller.onlooker());
  TRY(const std::vector<Job> jobs, jobs_to_show(caller, ids));
  const auto task = ids.size() == 1 ? job_word(ids.front())->task : std::nullopt;
  std::string text;
  for (const Job& job : jobs) {
    for (const JobRow& row : rows_of(job, onlooker, task.has_value())) {
      if (!task || *task == row.in_array) text += record_of(row, one_line);
    }
  }
  say(text.empty() ? "No jobs in the system\n" : text);
  return 0;
}

Outcome<int> show_partitions(Caller& caller, Arguments names) {
  TRY(cli::Server* const server, caller.session().server());
  TRY(const std::vector<json::Value> partitions, server->list({"v1", "partitions"}));
  std::string text;
  for (const json::Value& partition : partitions) {
    const std::string slug = partition.get("slug").text();
    if (!names.empty() && names.front() != slug) continue;
    const Duration limit{partition.get("time_limit_max").as_int().value_or(0)};
    const std::int64_t nodes = partition.get("nodes").as_int().value_or(0);
    text += fmt::format(
        "PartitionName={}\n   MaxTime={} Nodes={}\n   State=UP TotalCPUs={} TotalNodes={}\n\n",
        slug, limit.ms == 0 ? "UNLIMITED" : to_clock(limit), partition.get("site").text(),
        nodes * partition.get("cores_per_node").as_int().value_or(0), nodes);
  }
  if (text.empty() && !names.empty())
    return in_these_words(fmt::format("Partition {} not found", names.front()));
  say(text);
  return 0;
}

Outcome<int> show(Caller& caller, Arguments words, Arguments all) {
  if (words.empty()) return in_these_words("too few arguments for keyword:show");
  const std::string& entity = words.front();
  const Arguments rest = words.subspan(1);
  const auto means = [&](std::string_view name, std::size_t least) {
    return entity.size() >= least && name.starts_with(entity);
  };
  const bool one_line = std::ranges::any_of(
      all, [](const std::string& word) { return word == "-o" || word == "--oneliner"; });
  if (means("jobs", 1) || means("jobid", 4)) return show_jobs(caller, rest, one_line);
  if (means("partitions", 1)) return show_partitions(caller, rest);
  if (means("config", 1)) {
    say(config_text());
    return 0;
  }
  if (means("hostnames", 5) || means("hostlist", 5)) become_next("scontrol", all);
  return cli::usage_failure(
      fmt::format("`scontrol show {}` is not supported: it is a matter of the sites.", entity),
      "`fabrica sites` and `fabrica partitions` show what is known of them.");
}

}  // namespace

std::string record_of(const JobRow& row, bool one_line) {
  const Job& job = row.job;
  const auto time = [](const std::optional<Time>& at) { return at ? stamp(*at) : "Unknown"; };
  std::vector<std::string> lines;
  std::string first = fmt::format("JobId={}", job.id);
  if (!row.in_array.empty())
    first += fmt::format(" ArrayJobId={} ArrayTaskId={}", job.id, row.in_array);
  lines.push_back(first + fmt::format(" JobName={}", job.name));
  lines.push_back(fmt::format("UserId={}({}) GroupId=N/A MCS_label=N/A", row.user, job.owner));
  lines.push_back(fmt::format("Priority=0 Nice=0 Account={} QOS=N/A", account_of(row)));
  lines.push_back(
      fmt::format("JobState={} Reason={} Dependency=(null)", row.state->name, reason_of(row)));
  lines.push_back(
      fmt::format("Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode={}", exit_text(row)));
  lines.push_back(fmt::format("RunTime={} TimeLimit={} TimeMin=N/A",
                              to_clock(seconds(row.elapsed.ms / 1000)), to_clock(job.time_limit)));
  lines.push_back(fmt::format("SubmitTime={0} EligibleTime={0}", stamp(job.submitted)));
  const std::optional<Time> end =
      row.ended || !row.started ? row.ended : std::optional(*row.started + job.time_limit);
  lines.push_back(
      fmt::format("StartTime={} EndTime={} Deadline=N/A", time(row.started), time(end)));
  lines.push_back(fmt::format("Partition={} AllocNode:Sid=N/A", job.partition));
  lines.push_back("NodeList=(null)");
  lines.push_back(
      fmt::format("NumNodes={} NumCPUs={} NumTasks={}", job.nodes, cpus_of(row), job.tasks));
  lines.push_back(fmt::format("TRES={}", tres_of_job(row)));
  lines.push_back(fmt::format("Cluster={} Comment={}", job.site,
                              job.reference.empty() ? "(null)" : job.reference));
  lines.push_back(fmt::format("WorkDir={}", job.working_directory.value_or("(null)")));
  lines.push_back(fmt::format("StdErr={}", job.error.value_or("(null)")));
  lines.push_back(fmt::format("StdOut={}", job.output.value_or("(null)")));
  std::string text = lines.front();
  for (std::size_t at = 1; at < lines.size(); ++at) text += (one_line ? " " : "\n   ") + lines[at];
  return text + (one_line ? "\n" : "\n\n");
}

Outcome<int> scontrol(Caller& caller, Arguments arguments) {
  TRY(const Words words, read_words("scontrol", scontrol_options, arguments));
  if (words.operands.empty()) return in_these_words("scontrol: error: no command is given");
  const Arguments operands = words.operands;
  const std::string& command = operands.front();
  if (command.size() >= 2 && std::string_view("show").starts_with(command))
    return show(caller, operands.subspan(1), arguments);
  if (command == "ping") {
    TRY(cli::Server* const server, caller.session().server());
    TRY_DONE(server->get({"v1", "version"}));
    say("Slurmctld(primary) at fabrica is UP\n");
    return 0;
  }
  return cli::usage_failure(
      fmt::format("`scontrol {}` is not supported: Fabrica's jobs are not changed once they are "
                  "submitted.",
                  command),
      "`scancel` ends a job; submit it anew with what should be different.");
}

}  // namespace fabrica::shims
