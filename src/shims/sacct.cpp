#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "shims/commands.h"
#include "shims/fields.h"
#include "shims/times.h"

/// sacct: jobs of a span of time, or by their numbers, with what they used.
namespace fabrica::shims {

namespace {

constexpr std::string_view usual_fields =
    "JobID,JobName,Partition,Account,AllocCPUS,State,ExitCode";
constexpr std::string_view brief_fields = "JobID,State,ExitCode";
constexpr std::string_view long_fields =
    "JobID,JobIDRaw,JobName,Partition,MaxVMSize,MaxRSS,AveRSS,NTasks,AllocCPUS,Elapsed,State,"
    "ExitCode,ReqMem,AllocTRES";

constexpr auto sacct_options = std::to_array<OptionRow>({
    {"noheader", 'n'},
    {"jobs", 'j', Takes::value},
    {"parsable", 'p'},
    {"parsable2", 'P'},
    {"delimiter", '\0', Takes::value},
    {"format", 'o', Takes::value},
    {"brief", 'b'},
    {"long", 'l'},
    {"helpformat", 'e'},
    {"allocations", 'X'},
    {"starttime", 'S', Takes::value},
    {"endtime", 'E', Takes::value},
    {"user", 'u', Takes::value},
    {"uid", '\0', Takes::value},
    {"allusers", 'a'},
    {"account", 'A', Takes::value},
    {"accounts", '\0', Takes::value},
    {"state", 's', Takes::value},
    {"partition", 'r', Takes::value},
    {"name", '\0', Takes::value},
    {"clusters", 'M', Takes::value},
    {"cluster", '\0', Takes::value},
    {"allclusters", 'L', Takes::ignored},
    {"duplicates", 'D', Takes::ignored},  // a job has one line, whatever became of it at its site
    {"truncate", 'T', Takes::ignored},
    {"noconvert", '\0', Takes::ignored},
    {"units", '\0', Takes::ignored_value},
    {"verbose", 'v', Takes::ignored},
    {"federation", '\0', Takes::ignored},
    {"local", '\0', Takes::ignored},
    {"nodelist", 'N', Takes::refused},
    {"qos", 'q', Takes::refused},
    {"wckeys", 'W', Takes::refused},
    {"completion", 'c', Takes::refused},
    {"batch-script", 'B', Takes::refused},
    {"env-vars", '\0', Takes::refused},
});

enum class Form : std::uint8_t { table, parsable, parsable2 };

struct Report {
  Words words;
  std::vector<Column<JobRow>> columns;
  Form form = Form::table;
  std::string delimiter = "|";
  std::vector<std::uint64_t> persons;
  std::vector<std::string> sites;
  std::vector<std::string_view> states;
  Time from;
  Time until;
};

// "State%20", "JobName%-12"; a trailing "%" is nothing.
Outcome<Column<JobRow>> column_named(std::string_view text) {
  std::string_view name = text.substr(0, text.find('%'));
  std::string_view rest = text.substr(std::min(name.size() + 1, text.size()));
  const auto fields = sacct_fields();
  auto field = std::ranges::find_if(
      fields, [&](const Field<JobRow>& one) { return same_word(one.name, name); });
  if (field == fields.end()) {  // "job" means the first that begins so
    field = std::ranges::find_if(fields, [&](const Field<JobRow>& one) {
      return same_word(one.name.substr(0, name.size()), name);
    });
  }
  if (field == fields.end() || name.empty()) return no_such_field("sacct", name);
  bool left = field->width < 0;
  std::size_t width = static_cast<std::size_t>(std::abs(field->width));
  if (!rest.empty()) {
    left = rest.starts_with('-');
    if (left) rest.remove_prefix(1);
    if (const std::size_t given = take_number(rest); given > 0) width = given;
  }
  return Column<JobRow>{&*field, width, !left, " "};
}

Outcome<std::vector<Column<JobRow>>> columns_wanted(const Words& words) {
  std::vector<std::string> names = words.list("format");
  if (names.empty() && words.has("brief")) names = split_at_commas(brief_fields);
  if (names.empty() && words.has("long")) names = split_at_commas(long_fields);
  if (names.empty()) names = split_at_commas(environment_text("SACCT_FORMAT"));
  if (names.empty()) names = split_at_commas(usual_fields);
  std::vector<Column<JobRow>> columns;
  for (const std::string& name : names) {
    TRY(Column<JobRow> column, column_named(name));
    columns.push_back(std::move(column));
  }
  return columns;
}

Outcome<Time> moment_given(const Words& words, std::string_view option, Time otherwise, Time now) {
  const auto text = words.value(option);
  if (!text) return otherwise;
  const Result<Time> moment = parse_past(*text, now);
  if (moment) return *moment;
  return in_these_words(fmt::format("Invalid time specification (pos=0): {}", *text));
}

// Without -j, -a or a person: the caller's own.
Outcome<std::vector<std::uint64_t>> persons_wanted(Caller& caller, const Words& words) {
  std::vector<std::string> names = words.list("user");
  std::ranges::copy(words.list("uid"), std::back_inserter(names));
  const bool own = names.empty() && !words.has("jobs") && !words.has("allusers");
  return caller.persons("sacct", names, own);
}

Outcome<Report> read_report(Caller& caller, Arguments arguments) {
  Report report;
  TRY(report.words, read_words("sacct", sacct_options, arguments));
  const Words& words = report.words;
  TRY(report.columns, columns_wanted(words));
  if (words.has("parsable")) report.form = Form::parsable;
  if (words.has("parsable2")) report.form = Form::parsable2;
  report.delimiter = words.value("delimiter").value_or("|");
  TRY(report.states, states_named("sacct", words.list("state")));
  TRY(report.sites, caller.sites("sacct", words));
  TRY(report.persons, persons_wanted(caller, words));
  const Time present = now();
  const Time midnight = *parse_past("midnight", present);
  TRY(report.from,
      moment_given(words, "starttime", words.has("jobs") ? Time{} : midnight, present));
  TRY(report.until, moment_given(words, "endtime", never, present));
  return report;
}

Outcome<std::vector<Job>> jobs_reported(Caller& caller, const Report& report) {
  const std::vector<std::string> named = report.words.list("jobs");
  if (named.empty()) return caller.jobs({{"since", to_string(report.from)}}, true);
  std::vector<Job> jobs;
  for (const std::string& text : named) {
    const auto word = job_word(text);
    if (!word) return in_these_words(fmt::format("sacct: fatal: Bad job/step specified: {}", text));
    TRY(std::optional<Job> job, caller.job(word->job));
    if (job) jobs.push_back(*std::move(job));
  }
  return jobs;
}

bool is_reported(const JobRow& row, const Report& report) {
  std::vector<std::string> accounts = report.words.list("account");
  std::ranges::copy(report.words.list("accounts"), std::back_inserter(accounts));
  return is_wanted(report.states, row.state->name) && is_wanted(report.persons, row.job.owner) &&
         is_wanted(report.sites, row.job.site) && row.job.submitted < report.until &&
         (!row.ended || *row.ended >= report.from) &&
         is_wanted(report.words.list("name"), row.job.name) &&
         is_wanted(report.words.list("partition"), row.job.partition) &&
         is_wanted(accounts, account_of(row));
}

// "7_3" asks for one task of the array only.
bool is_task_wanted(const JobRow& row, const std::vector<std::string>& named) {
  return named.empty() || std::ranges::any_of(named, [&](const std::string& text) {
           const auto word = job_word(text);
           return word && word->job == row.job.id && (!word->task || *word->task == row.in_array);
         });
}

enum class Cells : std::uint8_t { of_head, of_row };

// What is too long is marked in rows, and just cut in the head.
std::string report_line(const Report& report, const std::vector<std::string>& cells, Cells kind) {
  std::string line;
  for (std::size_t at = 0; at < cells.size(); ++at) {
    const Column<JobRow>& column = report.columns[at];
    if (report.form == Form::table) {
      line += fitted(cells[at], column.width, column.right, kind == Cells::of_row) + " ";
    } else {
      const bool last = at + 1 == cells.size();
      line += cells[at];
      if (!last || report.form == Form::parsable) line += report.delimiter;
    }
  }
  return line + "\n";
}

std::string report_head(const Report& report) {
  std::vector<std::string> names;
  std::vector<std::string> rules;
  for (const Column<JobRow>& column : report.columns) {
    names.emplace_back(column.field->header);
    rules.emplace_back(column.width, '-');
  }
  std::string text = report_line(report, names, Cells::of_head);
  if (report.form == Form::table) text += report_line(report, rules, Cells::of_head);
  return text;
}

std::string row_line(const Report& report, const JobRow& row) {
  std::vector<std::string> cells;
  for (const Column<JobRow>& column : report.columns) cells.push_back(column.field->text(row));
  return report_line(report, cells, Cells::of_row);
}

std::string list_of_fields() {
  std::string text;
  std::size_t at = 0;
  for (const Field<JobRow>& field : sacct_fields())
    text += fmt::format("{:<19}{}", field.name, ++at % 4 == 0 ? "\n" : " ");
  return text + (at % 4 == 0 ? "" : "\n");
}

}  // namespace

Outcome<int> sacct(Caller& caller, Arguments words) {
  TRY(const Report report, read_report(caller, words));
  if (report.words.has("helpformat")) {
    say(list_of_fields());
    return 0;
  }
  TRY(const Onlooker onlooker, caller.onlooker());
  TRY(const std::vector<Job> jobs, jobs_reported(caller, report));
  const std::vector<std::string> named = report.words.list("jobs");
  std::string text = report.words.has("noheader") ? std::string() : report_head(report);
  for (const Job& job : jobs) {
    for (JobRow& row : rows_of(job, onlooker, false)) {
      if (!is_reported(row, report) || !is_task_wanted(row, named)) continue;
      text += row_line(report, row);
      if (report.words.has("allocations") || !row.started) continue;
      row.batch_step = true;
      text += row_line(report, row);
    }
  }
  say(text);
  return 0;
}

}  // namespace fabrica::shims
