#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "shims/commands.h"
#include "shims/fields.h"
#include "shims/times.h"

/// squeue: the jobs that wait or run, and those that ended within the last minutes when asked for.
namespace fabrica::shims {

namespace {

constexpr Duration remembered = minutes(5);  // Slurm's MinJobAge
constexpr std::string_view usual_form = "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R";
constexpr std::string_view long_form = "%.18i %.9P %.8j %.8u %.8T %.10M %.9l %.6D %R";

constexpr auto squeue_options = std::to_array<OptionRow>({
    {"noheader", 'h'},
    {"jobs", 'j', Takes::value},
    {"user", 'u', Takes::value},
    {"me"},
    {"states", 't', Takes::value},
    {"format", 'o', Takes::value},
    {"Format", 'O', Takes::value},
    {"clusters", 'M', Takes::value},
    {"name", 'n', Takes::value},
    {"partition", 'p', Takes::value},
    {"account", 'A', Takes::value},
    {"array", 'r'},
    {"long", 'l'},
    {"all", 'a', Takes::ignored},
    {"sort", 'S', Takes::ignored_value},
    {"verbose", 'v', Takes::ignored},
    {"noconvert", '\0', Takes::ignored},
    {"array-unique", '\0', Takes::ignored},
    {"federation", '\0', Takes::ignored},
    {"local", '\0', Takes::ignored},
    {"hide", '\0', Takes::ignored},
    {"steps", 's', Takes::refused},
    {"start", '\0', Takes::refused},
    {"iterate", 'i', Takes::refused},
    {"nodelist", 'w', Takes::refused},
    {"qos", 'q', Takes::refused},
    {"licenses", 'L', Takes::refused},
    {"reservation", 'R', Takes::refused},
});

struct Question {
  Words words;
  Format<JobRow> format;
  std::vector<std::string> sites;
  std::vector<std::uint64_t> persons;
  std::vector<std::string_view> states;  // empty: the live ones
  bool whole = false;                    // jobs have to be asked for one by one
};

Outcome<Format<JobRow>> format_wanted(const Words& words) {
  if (const auto names = words.value("Format")) {
    return named_format("squeue", squeue_fields(), *names);
  }
  std::string text(words.has("long") ? long_form : usual_form);
  if (const std::string variable = environment_text("SQUEUE_FORMAT"); !variable.empty())
    text = variable;
  return percent_format("squeue", squeue_fields(), words.value("format").value_or(text));
}

Outcome<Question> read_question(Caller& caller, Arguments words) {
  Question question;
  TRY(question.words, read_words("squeue", squeue_options, words));
  TRY(question.format, format_wanted(question.words));
  for (const Column<JobRow>& column : question.format.columns) {
    constexpr std::array<std::string_view, 4> told_of_one{"WorkDir", "STDOUT", "STDERR",
                                                          "ExitCode"};
    question.whole |= std::ranges::find(told_of_one, column.field->name) != told_of_one.end();
  }
  TRY(question.states, states_named("squeue", question.words.list("states")));
  TRY(question.sites, caller.sites("squeue", question.words));
  TRY(question.persons,
      caller.persons("squeue", question.words.list("user"), question.words.has("me")));
  return question;
}

// Those that --jobs names. Slurm minds an unknown one only when it stands alone.
Outcome<std::vector<Job>> jobs_named(Caller& caller, const std::vector<std::string>& words) {
  std::vector<Job> jobs;
  for (const std::string& text : words) {
    const auto word = job_word(text);
    if (!word) return in_these_words(fmt::format("squeue: error: Invalid job id: {}", text));
    TRY(std::optional<Job> job, caller.job(word->job));
    if (job) jobs.push_back(*std::move(job));
  }
  if (jobs.empty() && words.size() == 1)
    return in_these_words("slurm_load_jobs error: Invalid job id specified");
  return jobs;
}

Outcome<std::vector<Job>> jobs_asked_for(Caller& caller, const Question& question) {
  const std::vector<std::string> named = question.words.list("jobs");
  if (!named.empty()) return jobs_named(caller, named);
  const bool ended = std::ranges::any_of(question.states, [](std::string_view state) {
    return state != "PENDING" && state != "RUNNING";
  });
  if (!ended) return caller.jobs({{"live", "true"}}, question.whole);
  TRY(const Onlooker onlooker, caller.onlooker());
  return caller.jobs({{"since", to_string(onlooker.now - remembered)}}, question.whole);
}

bool is_asked_for(const JobRow& row, const Question& question) {
  const bool state =
      question.states.empty() ? is_live(*row.state) : is_wanted(question.states, row.state->name);
  return state && is_wanted(question.persons, row.job.owner) &&
         is_wanted(question.words.list("name"), row.job.name) &&
         is_wanted(question.words.list("partition"), row.job.partition) &&
         is_wanted(question.words.list("account"), fmt::format("project-{}", row.job.project));
}

// As Slurm sorts: by partition, those that wait first, then the older ones.
void sort_rows(std::vector<JobRow>& rows) {
  std::ranges::sort(rows, {}, [](const JobRow& row) {
    return std::tuple(row.job.partition, row.state->name != "PENDING", row.job.id,
                      row.in_array.size(), row.in_array);
  });
}

std::string queue_table(const Question& question, const std::vector<JobRow>& rows,
                        const std::string& site) {
  std::string text;
  if (!question.words.has("noheader")) {
    if (!site.empty()) text += fmt::format("CLUSTER: {}\n", site);
    if (question.words.has("long")) text += date_line(now());
    text += question.format.header() + "\n";
  }
  for (const JobRow& row : rows) {
    if (site.empty() || row.job.site == site) text += question.format.line_of(row) + "\n";
  }
  return text;
}

}  // namespace

Outcome<int> squeue(Caller& caller, Arguments words) {
  TRY(const Question question, read_question(caller, words));
  TRY(const Onlooker onlooker, caller.onlooker());
  TRY(const std::vector<Job> jobs, jobs_asked_for(caller, question));
  std::vector<JobRow> rows;
  for (const Job& job : jobs) {
    for (JobRow& row : rows_of(job, onlooker, question.words.has("array"))) {
      if (is_asked_for(row, question)) rows.push_back(std::move(row));
    }
  }
  sort_rows(rows);
  if (question.sites.empty()) say(queue_table(question, rows, {}));
  for (const std::string& site : question.sites) say(queue_table(question, rows, site));
  return 0;
}

}  // namespace fabrica::shims
