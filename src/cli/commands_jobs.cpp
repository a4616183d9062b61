#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/words.h"
#include "json/write.h"

/// Jobs: what would become of one, submitting, watching, cancelling.
namespace fabrica::cli {

namespace {

using json::Value;
using Side = Table::Side;

// A body that is ready but for what only the server knows.
struct Ready {
  SubmissionBody body;
  ScriptSource source;
};

Outcome<Ready> make_ready(Session& session, const SubmitWords& words) {
  TRY(SubmissionBody body, gather(words));
  TRY(body.project, chosen_project(session, words.project));
  ScriptSource source = source_of(words, body);
  return Ready{std::move(body), std::move(source)};
}

Outcome<Answer> send(Session& session, Path path, const Ready& ready) {
  TRY(Server* const server, session.server());
  Outcome<Answer> answer = server->post(std::move(path), json::to_json(ready.body));
  if (!answer) answer.error().source = ready.source;
  return answer;
}

// Warnings and remarks go to standard error.
void print_findings(const Session& session, const Value& diagnostics, const ScriptSource& source) {
  for (const Value& one : diagnostics.items()) {
    const ScriptFinding finding{one.get("severity").text(),
                                one.get("origin").text(),
                                static_cast<std::uint32_t>(number_in(one, "line")),
                                static_cast<std::uint32_t>(number_in(one, "column")),
                                one.get("option").text(),
                                one.get("text").text(),
                                one.get("hint").text()};
    std::string text = finding_text(finding, source, session.terminal().colour_err);
    if (text.ends_with('\n')) text.pop_back();
    session.terminal().note(text);
  }
}

std::vector<Table::Cell> plan_row(const Value& row) {
  const bool possible = row.get("possible").as_bool().value_or(false);
  const bool chosen = row.get("chosen").as_bool().value_or(false);
  const std::string unit = row.get("unit").text();
  const auto amount = [&](std::string_view name) {
    const auto unit_ms = row.get(name).as_int();
    return unit_ms ? hours_text(*unit_ms) : std::string();
  };
  return {{chosen ? "→" : "", Paint::green},
          row.get("site").text(),
          row.get("partition").text(),
          possible ? Table::Cell("yes", Paint::green) : Table::Cell("no", Paint::red),
          amount("cost"),
          amount("balance_after"),
          possible ? unit_hours(unit) : "",
          row.get("reason").text()};
}

void print_rows(Session& session, const std::vector<Value>& rows) {
  Table table({{""},
               {"SITE"},
               {"PARTITION"},
               {"RUNS?"},
               {"COST", Side::right},
               {"BALANCE AFTER", Side::right},
               {"UNIT"},
               {"WHY NOT"}});
  for (const Value& row : rows) table.add(plan_row(row));
  session.print(table, "No partition is known.");
}

void print_choice(const Session& session, const Value& row) {
  session.terminal().print(
      fmt::format("It would run on {}. {} would be held, the cost of the whole time limit; what is "
                  "not used comes back.\n",
                  printable(row.get("partition").text()),
                  hours_with_unit(number_in(row, "cost"), row.get("unit").text())));
}

// Jobs that the planned one would wait for first.
void print_awaited(const Session& session, const Value& jobs) {
  std::string list;
  for (const Value& job : jobs.items())
    list += fmt::format("{}job-{}", list.empty() ? "" : ", ", job.text());
  if (!list.empty()) session.terminal().print(fmt::format("Before that it waits for {}.\n", list));
}

// How a site gets the script, and what changes there.
void print_rewriting(const Session& session, const Value& row) {
  for (const Value& remark : row.get("remarks").items()) {
    session.terminal().print(fmt::format("On {}: {}\n", printable(row.get("partition").text()),
                                         printable(remark.text())));
  }
  const std::string diff = row.get("diff").text();
  for (std::size_t at = 0; at < diff.size();) {
    const std::size_t end = std::min(diff.find('\n', at), diff.size());
    const std::string line = printable(diff.substr(at, end - at));
    const Paint paint = line.starts_with('+')   ? Paint::green
                        : line.starts_with('-') ? Paint::red
                                                : Paint::none;
    session.terminal().print(painted(session.terminal().colour_out, paint, line) + "\n");
    at = end + 1;
  }
}

Outcome<Value> get_job(Session& session, const std::string& id) {
  TRY(const std::string word, job_path_word(id));
  TRY(Server* const server, session.server());
  TRY(const Answer answer, server->get({"v1", "jobs", word}));
  return answer.value;
}

// Where a job stands, in one word.
Table::Cell standing(const Value& job) {
  const std::string phase = job.get("phase").text();
  if (phase != "ended") {
    return {phase + (job.get("cancel_requested").as_bool().value_or(false) ? ", cancelling" : ""),
            phase == "running" ? Paint::yellow : Paint::none};
  }
  const std::string outcome = job.get("outcome").text();
  return {spaced(outcome), outcome == "completed" ? Paint::green : Paint::red};
}

std::vector<Table::Cell> job_row(const Value& job) {
  const std::string unit = job.get("unit").text();
  const bool ended = job.get("phase").text() == "ended";
  return {fmt::format("job-{}", number_in(job, "id")),
          job.get("name").text(),
          fmt::format("project-{}", number_in(job, "project")),
          job.get("partition").text(),
          standing(job),
          moment_text(job.get("submitted").text()),
          span_between(job.get("started"), job.get("ended")),
          hours_text(number_in(job, ended ? "charged" : "hold")),
          fmt::format("{} {}", unit_hours(unit), ended ? "charged" : "held")};
}

std::string line(std::string_view what, const std::string& value) {
  return value.empty() ? std::string() : fmt::format("{:<10} {}\n", what, printable(value));
}

std::string shape_text(const Value& job) {
  std::string text =
      fmt::format("{} node{}, {} cores a node", number_in(job, "nodes"),
                  number_in(job, "nodes") == 1 ? "" : "s", number_in(job, "cpus_per_node"));
  if (const auto gpus = number_in(job, "gpus_per_node"); gpus > 0)
    text += fmt::format(", {} GPUs a node", gpus);
  if (const auto mib = number_in(job, "memory_mib_per_node"); mib > 0) {
    text += fmt::format(", {} a node", bytes_text(mib * 1024 * 1024));
  }
  return text +
         fmt::format(", time limit {}", to_clock(milliseconds(number_in(job, "time_limit"))));
}

std::string job_text(const Session& session, const Value& job) {
  const std::string unit = job.get("unit").text();
  const Table::Cell stands = standing(job);
  std::string text = fmt::format("{} {}: {}\n",
                                 painted(session.terminal().colour_out, Paint::bold,
                                         fmt::format("job-{}", number_in(job, "id"))),
                                 printable(job.get("name").text()),
                                 painted(session.terminal().colour_out, stands.paint, stands.text));
  text += line("project", fmt::format("project-{}, paid by account-{}", number_in(job, "project"),
                                      number_in(job, "account")));
  text += line("place", fmt::format("{}, partition {}", job.get("site").text(),
                                    job.get("partition").text()));
  text += line("why there", job.get("reasons").text());
  text += line("asks for", shape_text(job));
  text += line("submitted", moment_text(job.get("submitted").text()));
  text += line("started", moment_text(job.get("started").text()));
  text += line("ended", moment_text(job.get("ended").text()));
  text += line("hold", hours_with_unit(number_in(job, "hold"), unit));
  text += line("charged", hours_with_unit(number_in(job, "charged"), unit));
  return text + line("reference", job.get("reference").text());
}

bool was_requeued(const Value& job) {
  for (const Value& run : job.get("runs").items()) {
    if (number_in(run, "restarts") > 0) return true;
  }
  return false;
}

// Each run as its site's books name it, and what was charged for it.
Table run_table(const Value& job) {
  const std::string unit = job.get("unit").text();
  Table table({{"TASK", Side::right},
               {"RUN", Side::right},
               {"AT THE SITE", Side::right},
               {"OUTCOME"},
               {"STARTED"},
               {"WALL", Side::right},
               {"CHARGED", Side::right},
               {"GIVEN BACK", Side::right},
               {"OWED", Side::right}});
  const auto hours = [](std::int64_t unit_ms) {
    return unit_ms == 0 ? std::string() : hours_text(unit_ms);
  };
  for (const Value& run : job.get("runs").items()) {
    table.add({run.get("task").text(), fmt::to_string(number_in(run, "restarts") + 1),
               run.get("site_id").text(), spaced(run.get("outcome").text()),
               moment_text(run.get("started").text()),
               span_between(run.get("started"), run.get("ended")),
               hours_with_unit(number_in(run, "charged"), unit),
               hours(number_in(run, "given_back")), hours(number_in(run, "owed"))});
  }
  return table;
}

Table task_table(const Value& job) {
  Table table({{"TASK", Side::right},
               {"OUTCOME"},
               {"EXIT", Side::right},
               {"SIGNAL", Side::right},
               {"STARTED"},
               {"WALL", Side::right},
               {"CPU", Side::right},
               {"PEAK MEMORY", Side::right},
               {"REMARK"}});
  for (const Value& task : job.get("task_list").items()) {
    const bool ended = task.get("ended").exists();
    const Value in_array = task.get("array_task");
    const std::int64_t signal = number_in(task, "signal");
    table.add({in_array.exists() ? in_array.text() : task.get("task").text(),
               ended ? spaced(task.get("outcome").text())
                     : (task.get("started").exists() ? "running" : "waiting"),
               ended ? task.get("exit_code").text() : "",
               signal == 0 ? std::string() : fmt::to_string(signal),
               moment_text(task.get("started").text()),
               span_between(task.get("started"), task.get("ended")),
               ended ? span_text(number_in(task, "cpu_ms")) : "",
               ended ? bytes_text(number_in(task, "memory_bytes_peak")) : "",
               task.get("text").text()});
  }
  return table;
}

// The place in the array of the task that the person numbers so.
Outcome<std::uint32_t> place_of_task(const Value& job, const std::optional<std::uint32_t>& wanted) {
  if (!wanted) return 0;
  const std::vector<Value> tasks = job.get("task_list").items();
  std::string known;
  for (std::uint32_t place = 0; place < tasks.size(); ++place) {
    const std::int64_t number = tasks[place].get("array_task").as_int().value_or(place);
    if (number == *wanted) return place;
    if (place < 10) known += fmt::format("{}{}", place == 0 ? "" : ", ", number);
  }
  return usage_failure(fmt::format("job-{} has no task {}.", number_in(job, "id"), *wanted),
                       fmt::format("It has {}{}.", known, tasks.size() > 10 ? ", …" : ""));
}

}  // namespace

Outcome<std::string> job_path_word(const std::string& id) {
  const auto number = number_of(id, "job");
  if (number) return fmt::to_string(*number);
  return usage_failure(fmt::format("\"{}\" is no job.", printable(id)),
                       "Give its number, such as job-7; `fabrica jobs` shows them.");
}

Outcome<int> plan(Session& session, const SubmitWords& words) {
  TRY(const Ready ready, make_ready(session, words));
  TRY(const Answer answer, send(session, {"v1", "jobs:plan"}, ready));
  if (session.options().json) {
    session.print_json(answer.body);
    return exit_code::ok;
  }
  print_findings(session, answer.value.get("diagnostics"), ready.source);
  const std::vector<Value> rows = answer.value.get("rows").items();
  if (!words.dry_run) print_rows(session, rows);
  const std::string chosen = answer.value.get("chosen").text();
  if (chosen.empty()) {
    session.terminal().print(fmt::format("It would not be accepted now: {}\n",
                                         printable(answer.value.get("refusal").text())));
  }
  for (const Value& row : rows) {
    if (row.get("chosen").as_bool().value_or(false)) print_choice(session, row);
  }
  print_awaited(session, answer.value.get("waits_for"));
  for (const Value& row : rows) {
    const bool wanted = row.get(words.diff ? "possible" : "chosen").as_bool().value_or(false);
    if (wanted) print_rewriting(session, row);
  }
  return chosen.empty() ? exit_code::refused : exit_code::ok;
}

Outcome<int> submit(Session& session, const SubmitWords& words) {
  if (words.dry_run) return plan(session, words);
  TRY(const Ready ready, make_ready(session, words));
  TRY(const Answer answer, send(session, {"v1", "jobs"}, ready));
  const Value job = answer.value.get("job");
  const std::string id = fmt::to_string(number_in(job, "id"));
  print_findings(session, answer.value.get("diagnostics"), ready.source);
  const bool watches = words.follow || words.wait;
  if (session.options().json && !watches) {
    session.print_json(answer.body);
  } else if (words.parsable) {
    session.terminal().print(id + "\n");
  } else {
    const std::string said =
        fmt::format("job-{} submitted to {}, partition {}: {} are held for it.", id,
                    printable(job.get("site").text()), printable(job.get("partition").text()),
                    hours_with_unit(number_in(job, "hold"), job.get("unit").text()));
    // While following, standard output is the job's own.
    if (watches) {
      session.terminal().note(said);
    } else {
      session.terminal().print(said + "\n");
    }
  }
  if (!watches) return exit_code::ok;
  detach_on_interrupt("job-" + id);
  return words.follow ? follow_job(session, id) : wait_for_job(session, id);
}

Outcome<int> wait_for_job(Session& session, const std::string& id) {
  TRY(const std::string word, job_path_word(id));
  TRY(const Value ended, wait_for_end(session, word));
  if (session.options().json) {
    session.print_json(ended.text());
  } else {
    session.terminal().note(outcome_text(ended, session.terminal().colour_err));
  }
  return exit_code_of_job(ended);
}

Outcome<int> list_jobs(Session& session, const JobsOptions& options) {
  Pairs query;
  if (!options.all && options.phase.empty()) query.emplace_back("live", "true");
  if (!options.project.empty()) {
    TRY(const std::uint64_t project, chosen_project(session, options.project));
    query.emplace_back("project", fmt::to_string(project));
  }
  for (const auto& [name, value] :
       {std::pair("site", options.site), std::pair("name", options.name),
        std::pair("phase", options.phase)}) {
    if (!value.empty()) query.emplace_back(name, value);
  }
  return print_list(session, {"v1", "jobs"}, query,
                    {{"JOB"},
                     {"NAME"},
                     {"PROJECT"},
                     {"PARTITION"},
                     {"STATE"},
                     {"SUBMITTED"},
                     {"WALL", Side::right},
                     {"HOURS", Side::right},
                     {""}},
                    &job_row,
                    options.all ? "There are no jobs."
                                : "No job is waiting or running; --all shows those that ended.");
}

Outcome<int> show_job(Session& session, const std::string& id, bool script) {
  TRY(const Value job, get_job(session, id));
  if (script) {
    TRY(Server* const server, session.server());
    TRY(const net::Response text,
        server->fetch({"v1", "jobs", fmt::to_string(number_in(job, "id")), "script"}, {},
                      seconds(60)));
    session.terminal().print(text.body);
    return exit_code::ok;
  }
  if (session.options().json) {
    session.print_json(job.text());
    return exit_code::ok;
  }
  session.terminal().print(job_text(session, job));
  session.print(task_table(job), "");
  if (was_requeued(job)) {
    session.terminal().print("\n");
    session.print(run_table(job), "");
  }
  return exit_code::ok;
}

Outcome<int> cancel(Session& session, const std::vector<std::string>& ids) {
  TRY(Server* const server, session.server());
  for (const std::string& id : ids) {
    TRY(const std::string word, job_path_word(id));
    TRY(const Answer answer, server->remove({"v1", "jobs", word}));
    if (session.options().json) {
      session.print_json(answer.body);
    } else if (answer.value.get("phase").text() == "ended") {
      session.terminal().print(fmt::format("job-{} has ended already: {}.\n", word,
                                           spaced(answer.value.get("outcome").text())));
    } else {
      session.terminal().print(
          fmt::format("job-{} will be stopped; what it used is charged.\n", word));
    }
  }
  return exit_code::ok;
}

Outcome<int> logs(Session& session, const LogsOptions& options) {
  TRY(const Value job, get_job(session, options.job));
  TRY(const std::uint32_t task, place_of_task(job, options.task));
  const LogPlace place{fmt::to_string(number_in(job, "id")), task, options.error_stream};
  if (options.follow) {
    detach_on_interrupt("job-" + place.job);
    TRY_DONE(follow_output(session, place));
  } else {
    TRY_DONE(print_output(session, place));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
