#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "shims/commands.h"

/// scancel: ends jobs by number, or all of the caller's that a filter names.
namespace fabrica::shims {

namespace {

constexpr auto scancel_options = std::to_array<OptionRow>({
    {"name", 'n', Takes::value},
    {"jobname", '\0', Takes::value},
    {"user", 'u', Takes::value},
    {"me"},
    {"state", 't', Takes::value},
    {"partition", 'p', Takes::value},
    {"account", 'A', Takes::value},
    {"signal", 's', Takes::value},
    {"verbose", 'v'},
    {"quiet", 'Q', Takes::ignored},
    {"clusters", 'M', Takes::ignored_value},  // numbers mean one job on all of them
    {"batch", 'b', Takes::ignored},
    {"full", 'f', Takes::ignored},
    {"hurry", 'H', Takes::ignored},
    {"ctld", '\0', Takes::ignored},
    {"interactive", 'i', Takes::refused},
    {"nodelist", 'w', Takes::refused},
    {"qos", 'q', Takes::refused},
    {"reservation", 'R', Takes::refused},
    {"wckey", '\0', Takes::refused},
    {"sibling", '\0', Takes::refused},
});

Outcome<void> check_signal(const Words& words) {
  constexpr std::array<std::string_view, 6> ends{"KILL", "SIGKILL", "9", "TERM", "SIGTERM", "15"};
  const auto signal = words.value("signal");
  if (!signal || std::ranges::find(ends, *signal) != ends.end()) return {};
  return cli::usage_failure(
      fmt::format("Fabrica sends no signal {} to jobs; it ends them.", *signal),
      "Ask for the signal with the job: #SBATCH --signal=B:USR1@120.");
}

// Ends one; what Slurm passes over in silence is passed over here too.
Outcome<int> end_job(Caller& caller, std::uint64_t id, bool verbose) {
  TRY(cli::Server* const server, caller.session().server());
  if (verbose) complain(fmt::format("scancel: Terminating job {}\n", id));
  const auto trouble = [&](std::string_view why) {
    complain(fmt::format("scancel: error: Kill job error on job id {}: {}\n", id, why));
  };
  TRY(const std::optional<Job> job, caller.job(id));
  if (!job || job->phase == "ended") {
    if (verbose)
      trouble(job ? "Job/step already completing or completed" : "Invalid job id specified");
    return 0;
  }
  const Outcome<cli::Answer> answer = server->remove({"v1", "jobs", fmt::to_string(id)});
  if (answer) return 0;
  if (answer.error().code != refusal::forbidden.name) return std::unexpected(answer.error());
  trouble("Access/permission denied");
  return 1;
}

Outcome<int> end_named(Caller& caller, const Words& words) {
  int code = 0;
  for (const std::string& operand : words.operands) {
    for (const std::string& text : split_at_commas(operand)) {
      const auto word = job_word(text);
      if (!word) {
        complain(fmt::format("scancel: error: Invalid job id {}\n", text));
        code = 1;
      } else if (word->task) {
        complain(fmt::format(
            "scancel: error: Kill job error on job id {0}: Fabrica ends whole arrays only; "
            "`scancel {1}` ends all tasks of this one.\n",
            text, word->job));
        code = 1;
      } else {
        TRY(const int one, end_job(caller, word->job, words.has("verbose")));
        code = std::max(code, one);
      }
    }
  }
  return code;
}

Outcome<int> end_filtered(Caller& caller, const Words& words) {
  std::vector<std::string> names = words.list("name");
  std::ranges::copy(words.list("jobname"), std::back_inserter(names));
  TRY(const std::vector<std::uint64_t> persons,
      caller.persons("scancel", words.list("user"), !words.has("user")));
  TRY(const std::vector<std::string_view> states, states_named("scancel", words.list("state")));
  TRY(const std::vector<Job> jobs, caller.jobs({{"live", "true"}}, false));
  int code = 0;
  for (const Job& job : jobs) {
    const bool meant = is_wanted(names, job.name) && is_wanted(persons, job.owner) &&
                       is_wanted(states, state_of(job.phase, job.outcome).name) &&
                       is_wanted(words.list("partition"), job.partition) &&
                       is_wanted(words.list("account"), fmt::format("project-{}", job.project));
    if (!meant) continue;
    TRY(const int one, end_job(caller, job.id, words.has("verbose")));
    code = std::max(code, one);
  }
  return code;
}

}  // namespace

Outcome<int> scancel(Caller& caller, Arguments arguments) {
  TRY(const Words words, read_words("scancel", scancel_options, arguments));
  TRY_DONE(check_signal(words));
  if (!words.operands.empty()) return end_named(caller, words);
  constexpr std::array<std::string_view, 7> filters{"name",  "jobname",   "user",   "me",
                                                    "state", "partition", "account"};
  const bool filtered =
      std::ranges::any_of(filters, [&](std::string_view filter) { return words.has(filter); });
  if (!filtered) return in_these_words("scancel: error: No job identification provided");
  return end_filtered(caller, words);
}

}  // namespace fabrica::shims
