#include "cli/follow.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <thread>

#include "cli/words.h"

namespace fabrica::cli {

namespace {

constexpr auto pause_between_streams = std::chrono::milliseconds(300);
constexpr Duration log_timeout = seconds(60);
constexpr std::string_view wait_seconds = "60";

// What the handler says: made before, because a handler may not make texts.
std::array<char, 300> detach_words;
std::size_t detach_bytes = 0;

void detach(int) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, detach_words.data(), detach_bytes);
  ::_exit(exit_code::interrupted);
}

Path log_path(const LogPlace& place) {
  return {"v1", "jobs", place.job, "logs", place.error_stream ? "stderr" : "stdout"};
}

Pairs log_query(const LogPlace& place, std::uint64_t offset) {
  return {{"offset", fmt::to_string(offset)}, {"task", fmt::to_string(place.task)}};
}

bool task_ended(const json::Value& job, std::uint32_t task) {
  if (job.get("phase").text() == "ended") return true;
  const std::vector<json::Value> tasks = job.get("task_list").items();
  return task < tasks.size() && tasks[task].get("ended").exists();
}

// Everything from `offset` on that is there now.
Outcome<void> print_from(Session& session, const LogPlace& place, std::uint64_t offset) {
  TRY(Server* const server, session.server());
  while (true) {
    TRY(const net::Response piece,
        server->fetch(log_path(place), log_query(place, offset), log_timeout));
    if (piece.body.empty()) return {};
    session.terminal().print(piece.body);
    offset += piece.body.size();
  }
}

std::uint32_t tasks_of(const json::Value& job) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, number_in(job, "array_size")));
}

std::string ended_how(const json::Value& task) {
  const std::int64_t signal = number_in(task, "signal");
  if (signal != 0) return fmt::format("killed by signal {}", signal);
  return fmt::format("exit code {}", number_in(task, "exit_code"));
}

// "3 completed, 1 failed"
std::string counted_outcomes(const std::vector<json::Value>& tasks) {
  std::map<std::string, int> counts;
  for (const json::Value& task : tasks) counts[spaced(task.get("outcome").text())] += 1;
  std::string text;
  for (const auto& [outcome, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, outcome);
  return text;
}

std::string usage_of(const json::Value& job, const std::vector<json::Value>& tasks) {
  std::int64_t cpu_ms = 0;
  std::int64_t memory_bytes_peak = 0;
  for (const json::Value& task : tasks) {
    cpu_ms += number_in(task, "cpu_ms");
    memory_bytes_peak = std::max(memory_bytes_peak, number_in(task, "memory_bytes_peak"));
  }
  const std::string how = tasks.size() == 1 ? ended_how(tasks.front()) : counted_outcomes(tasks);
  const std::string wall = span_between(job.get("started"), job.get("ended"));
  if (wall.empty()) return how + ", it never ran";
  std::string text = fmt::format("{}, wall time {}", how, wall);
  // Not every site says what a task used beside its time.
  if (cpu_ms == 0 && memory_bytes_peak == 0) return text;
  return fmt::format("{}, CPU time {}, peak memory {}", text, span_text(cpu_ms),
                     bytes_text(memory_bytes_peak));
}

}  // namespace

Outcome<void> print_output(Session& session, const LogPlace& place) {
  return print_from(session, place, 0);
}

Outcome<void> follow_output(Session& session, const LogPlace& place) {
  TRY(Server* const server, session.server());
  std::uint64_t offset = 0;
  while (true) {
    Pairs query = log_query(place, offset);
    query.emplace_back("follow", "1");
    TRY(const Result<void> streamed, server->stream(log_path(place), std::move(query), "text/plain",
                                                    [&](std::string_view piece) {
                                                      session.terminal().print(piece);
                                                      offset += piece.size();
                                                      return true;
                                                    }));
    // A server that stops ends its streams, so only the job itself says that there is no more.
    TRY(const Answer job, server->get({"v1", "jobs", place.job}));
    if (task_ended(job.value, place.task)) return print_from(session, place, offset);
    std::this_thread::sleep_for(pause_between_streams);
  }
}

void detach_on_interrupt(const std::string& job) {
  const std::string words = fmt::format(
      "\nDetached: {0} goes on without you.\n  follow it again: fabrica logs {0} --follow\n  stop "
      "it: fabrica cancel {0}\n",
      printable(job).substr(0, 40));
  detach_bytes = std::min(words.size(), detach_words.size());
  std::ranges::copy_n(words.begin(), static_cast<std::ptrdiff_t>(detach_bytes),
                      detach_words.begin());
  struct sigaction action{};
  action.sa_handler = detach;
  ::sigaction(SIGINT, &action, nullptr);
}

Outcome<json::Value> wait_for_end(Session& session, const std::string& job) {
  TRY(Server* const server, session.server());
  while (true) {
    TRY(const Answer answer, server->get({"v1", "jobs", job}, {{"wait", std::string(wait_seconds)},
                                                               {"phase", "ended"}}));
    if (answer.value.get("phase").text() == "ended") return answer.value;
    std::this_thread::sleep_for(pause_between_streams);
  }
}

std::string outcome_text(const json::Value& job, bool colour) {
  const std::string outcome = job.get("outcome").text();
  const std::vector<json::Value> tasks = job.get("task_list").items();
  const std::string unit = job.get("unit").text();
  std::string text = fmt::format(
      "job-{} {}: {}\n", number_in(job, "id"),
      painted(colour, outcome == "completed" ? Paint::green : Paint::red, spaced(outcome)),
      usage_of(job, tasks));
  if (tasks.size() == 1 && !tasks.front().get("text").text().empty()) {
    text += fmt::format("  {}\n", printable(tasks.front().get("text").text()));
  }
  text += fmt::format("  charged {} of {} held; the rest was released",
                      hours_with_unit(number_in(job, "charged"), unit),
                      hours_text(number_in(job, "hold")));
  return text;
}

int exit_code_of_job(const json::Value& job) {
  return job.get("outcome").text() == "completed" ? exit_code::ok : exit_code::failed;
}

Outcome<int> follow_job(Session& session, const std::string& job) {
  TRY(Server* const server, session.server());
  TRY(const Answer start, server->get({"v1", "jobs", job}));
  const std::uint32_t tasks = tasks_of(start.value);
  for (std::uint32_t task = 0; task < tasks; ++task) {
    if (tasks > 1) session.terminal().note(fmt::format("==> task {} of {} <==", task + 1, tasks));
    TRY_DONE(follow_output(session, {job, task, false}));
  }
  TRY(const json::Value ended, wait_for_end(session, job));
  if (session.options().json) {
    session.print_json(ended.text());
  } else {
    session.terminal().note(outcome_text(ended, session.terminal().colour_err));
  }
  return exit_code_of_job(ended);
}

}  // namespace fabrica::cli
