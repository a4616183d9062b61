#include "sites/slurm/submit_body.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/describe.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "json/write.h"

namespace fabrica::sites::slurm {

namespace submit_shapes {

using Text = std::optional<std::string>;
using Count = std::optional<std::uint64_t>;
using Texts = std::optional<std::vector<std::string>>;

/// What all versions call and write the same.
struct Common {
  Text name;
  Text comment;
  Text account;
  Text partition;
  Text qos;
  Text constraints;
  Text reservation;
  Text array;
  Text dependency;
  Text current_working_directory;
  Text standard_output;
  Text standard_error;
  Text standard_input;
  Count tasks;
  Count tasks_per_node;
  Count cpus_per_task;
  bool hold = false;
};

struct OldJob : Common {
  std::map<std::string, std::string> environment;
  std::uint64_t nodes = 1;
  Count memory_per_node;
  Count time_limit;
  Text gres;
  Text signal;
  Text open_mode;
  Text exclusive;
};

struct Number {
  std::uint64_t number = 0;
  bool set = true;
  bool infinite = false;
};
FABRICA_DESCRIBE(Number, number, set, infinite)

struct NewJob : Common {
  Text script;  // from v0.0.41 on; before, it stands beside the job
  std::vector<std::string> environment;
  Texts argv;
  std::string nodes;
  std::optional<Number> memory_per_node;
  std::optional<Number> time_limit;
  Text tres_per_node;
  Text kill_warning_signal;
  std::optional<Number> kill_warning_delay;
  Texts kill_warning_flags;
  Texts open_mode;
  Texts shared;
  Text exclusive;  // v0.0.39 alone
};

// Members of a base are not described with those of the struct: named once, for both.
#define FABRICA_COMMON_MEMBERS                                                           \
  name, comment, account, partition, qos, constraints, reservation, array, dependency,   \
      current_working_directory, standard_output, standard_error, standard_input, tasks, \
      tasks_per_node, cpus_per_task, hold
FABRICA_DESCRIBE(OldJob, FABRICA_COMMON_MEMBERS, environment, nodes, memory_per_node, time_limit,
                 gres, signal, open_mode, exclusive)
FABRICA_DESCRIBE(NewJob, FABRICA_COMMON_MEMBERS, script, environment, argv, nodes, memory_per_node,
                 time_limit, tres_per_node, kill_warning_signal, kill_warning_delay,
                 kill_warning_flags, open_mode, shared, exclusive)
#undef FABRICA_COMMON_MEMBERS

template <class Job>
struct Body {
  Text script;
  Job job;
};
FABRICA_DESCRIBE(Body<OldJob>, script, job)
FABRICA_DESCRIBE(Body<NewJob>, script, job)

}  // namespace submit_shapes

namespace {

using submit_shapes::Common;
using submit_shapes::NewJob;
using submit_shapes::OldJob;

std::unexpected<Refusal> bad_submission(std::string_view field, std::string text) {
  return refuse(refusal::invalid, std::string(field), std::move(text));
}

submit_shapes::Text given(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

submit_shapes::Count given(std::uint64_t count) {
  if (count == 0) return std::nullopt;
  return count;
}

Result<void> check_text(std::string_view field, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return bad_submission(field, fmt::format("{} has {} bytes, {} are taken. Make it shorter.",
                                             field, text.size(), bytes_max));
  }
  if (text.contains('\0') || !is_utf8(text)) {
    return bad_submission(field, fmt::format("{} must be UTF-8 without zero bytes.", field));
  }
  return {};
}

Result<void> check_list(std::string_view field, const std::vector<std::string>& list,
                        std::size_t items_max) {
  if (list.size() > items_max) {
    return bad_submission(field, fmt::format("{} has {} entries, {} are taken. Give fewer.", field,
                                             list.size(), items_max));
  }
  std::size_t bytes = 0;
  for (const std::string& item : list) {
    TRY_DONE(check_text(field, item, limits::script_bytes_max));
    bytes += item.size();
  }
  if (bytes <= limits::script_bytes_max) return {};
  return bad_submission(field, fmt::format("{} has {} bytes in all, {} are taken. Give less.",
                                           field, bytes, limits::script_bytes_max));
}

Result<void> check_numbers(const Submission& job) {
  const bool fits = job.nodes >= 1 && job.nodes <= limits::nodes_max &&
                    job.tasks <= limits::tasks_max && job.tasks_per_node <= limits::tasks_max &&
                    job.cpus_per_task <= limits::cores_per_node_max &&
                    job.memory_mib_per_node <= limits::memory_mib_per_node_max;
  if (!fits) return bad_submission("nodes", "The job asks for more than any cluster has.");
  if (job.time_limit.ms >= 0 && job.time_limit <= limits::job_time_max) return {};
  return bad_submission("time_limit", fmt::format("A time limit is at most {} and not negative.",
                                                  to_clock(limits::job_time_max)));
}

Result<void> check_submission(const Submission& job) {
  const std::array<std::pair<std::string_view, const std::string*>, 16> texts{{
      {"name", &job.name},
      {"comment", &job.comment},
      {"account", &job.account},
      {"partition", &job.partition},
      {"qos", &job.qos},
      {"constraint", &job.constraint},
      {"reservation", &job.reservation},
      {"working_directory", &job.working_directory},
      {"output", &job.output},
      {"error", &job.error},
      {"input", &job.input},
      {"gres", &job.gres},
      {"array", &job.array},
      {"dependency", &job.dependency},
      {"signal", &job.signal},
      {"user", &job.user},
  }};
  for (const auto& [field, text] : texts) {
    TRY_DONE(check_text(field, *text, limits::text_bytes_max));
  }
  TRY_DONE(check_text("script", job.script, limits::script_bytes_max));
  TRY_DONE(check_list("arguments", job.arguments, limits::list_items_max));
  TRY_DONE(check_list("environment", job.environment, environment_max));
  TRY_DONE(check_numbers(job));
  if (job.script.empty()) return bad_submission("script", "A job needs a script.");
  if (job.environment.empty()) {
    return bad_submission("environment", "slurmrestd wants at least one variable, as PATH.");
  }
  if (!job.working_directory.starts_with('/')) {
    return bad_submission("working_directory", "Give a whole path, beginning with \"/\".");
  }
  return {};
}

void fill_common(const Submission& job, Common& out) {
  out.name = given(job.name);
  out.comment = given(job.comment);
  out.account = given(job.account);
  out.partition = given(job.partition);
  out.qos = given(job.qos);
  out.constraints = given(job.constraint);
  out.reservation = given(job.reservation);
  out.array = given(job.array);
  out.dependency = given(job.dependency);
  out.current_working_directory = job.working_directory;
  out.standard_output = given(job.output);
  out.standard_error = given(job.error);
  out.standard_input = given(job.input);
  out.tasks = given(std::uint64_t{job.tasks});
  out.tasks_per_node = given(std::uint64_t{job.tasks_per_node});
  out.cpus_per_task = given(std::uint64_t{job.cpus_per_task});
  out.hold = job.hold;
}

std::uint64_t whole_minutes(Duration time) {
  return static_cast<std::uint64_t>((time.ms + 59'999) / 60'000);
}

// For a POSIX shell: in single quotes, each of its own spelled '\''.
std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

bool is_shell(std::string_view first_line) {
  if (!first_line.starts_with("#!")) return false;
  constexpr std::array<std::string_view, 6> shells{"sh", "bash", "dash", "ksh", "zsh", "ash"};
  // The interpreter is the first word, or the second after "env".
  std::string_view rest = first_line.substr(2);
  for (int word = 0; word < 2; ++word) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const std::string_view path = rest.substr(0, rest.find_first_of(" \t\r"));
    rest.remove_prefix(path.size());
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (name == "env") continue;
    return std::ranges::find(shells, name) != shells.end();
  }
  return false;
}

Result<std::string> with_arguments(const std::string& script,
                                   const std::vector<std::string>& arguments) {
  if (arguments.empty()) return script;
  const std::size_t line_end = std::min(script.find('\n'), script.size());
  if (!is_shell(std::string_view(script).substr(0, line_end))) {
    return bad_submission("arguments",
                          "This cluster's slurmrestd passes no arguments to scripts but those of "
                          "a shell. Put them into the script.");
  }
  std::string with = script.substr(0, line_end) + "\nset --";
  for (const std::string& argument : arguments) with += " " + shell_quoted(argument);
  return with + "\n" + script.substr(std::min(line_end + 1, script.size()));
}

Result<std::string> old_body(const Submission& job) {
  submit_shapes::Body<OldJob> body;
  TRY(body.script, with_arguments(job.script, job.arguments));
  fill_common(job, body.job);
  for (const std::string& variable : job.environment) {
    const std::size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return bad_submission("environment", "Write each variable as NAME=value.");
    }
    body.job.environment[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  if (job.signal.starts_with("B:")) {
    return bad_submission("signal",
                          "This cluster's slurmrestd cannot signal the batch script alone. Leave "
                          "out \"B:\".");
  }
  body.job.nodes = job.nodes;
  body.job.memory_per_node = given(job.memory_mib_per_node);
  body.job.time_limit = given(whole_minutes(job.time_limit));
  body.job.gres = given(job.gres);
  body.job.signal = given(job.signal);
  if (job.append) body.job.open_mode = "append";
  if (job.exclusive) body.job.exclusive = "exclusive";
  return json::to_json(body);
}

// "gpu:a100:4,shard:1" as a list of TRES: each with the prefix that slurmctld has for it.
std::string tres_of(std::string_view gres, ApiVersion version) {
  const std::string_view prefix = version < ApiVersion{40} ? "gres:" : "gres/";
  std::string list;
  while (!gres.empty()) {
    const std::size_t end = std::min(gres.find(','), gres.size());
    if (!list.empty()) list += ',';
    list += prefix;
    list += gres.substr(0, end);
    gres.remove_prefix(std::min(end + 1, gres.size()));
  }
  return list;
}

// "[R][B][:]USR1[@120]", as sbatch takes it.
Result<void> fill_signal(std::string_view signal, NewJob& out) {
  if (signal.empty()) return {};
  const std::size_t colon = signal.find(':');
  if (colon != std::string_view::npos) {
    for (const char c : signal.substr(0, colon)) {
      if (c != 'B' && c != 'R') {
        return bad_submission("signal", "Write a signal as in \"B:USR1@120\".");
      }
      if (!out.kill_warning_flags) out.kill_warning_flags.emplace();
      out.kill_warning_flags->push_back(c == 'B' ? "BATCH_JOB" : "RESERVATION_JOB");
    }
    signal.remove_prefix(colon + 1);
  }
  const std::size_t at = std::min(signal.find('@'), signal.size());
  out.kill_warning_signal = std::string(signal.substr(0, at));
  std::uint16_t delay = 60;  // sbatch's own default
  if (at < signal.size()) {
    const auto [end, error] =
        std::from_chars(signal.data() + at + 1, signal.data() + signal.size(), delay);
    if (error != std::errc{} || end != signal.data() + signal.size()) {
      return bad_submission("signal", "After \"@\" comes a number of seconds, at most 65535.");
    }
  }
  out.kill_warning_delay = submit_shapes::Number{.number = delay};
  return {};
}

Result<std::string> new_body(const Submission& job, ApiVersion version) {
  submit_shapes::Body<NewJob> body;
  (version < ApiVersion{41} ? body.script : body.job.script) = job.script;
  fill_common(job, body.job);
  body.job.environment = job.environment;
  if (!job.arguments.empty()) {
    // The first argument is the script itself: slurmd writes its path over it.
    body.job.argv.emplace().push_back("script");
    body.job.argv->insert(body.job.argv->end(), job.arguments.begin(), job.arguments.end());
  }
  body.job.nodes = std::to_string(job.nodes);
  if (job.memory_mib_per_node != 0) {
    body.job.memory_per_node = submit_shapes::Number{.number = job.memory_mib_per_node};
  }
  if (job.time_limit.ms != 0) {
    body.job.time_limit = submit_shapes::Number{.number = whole_minutes(job.time_limit)};
  }
  body.job.tres_per_node = given(tres_of(job.gres, version));
  TRY_DONE(fill_signal(job.signal, body.job));
  if (job.append) body.job.open_mode.emplace().push_back("APPEND");
  if (job.exclusive && version < ApiVersion{40}) body.job.exclusive = "true";
  if (job.exclusive && version >= ApiVersion{40}) body.job.shared.emplace().push_back("none");
  return json::to_json(body);
}

}  // namespace

Result<std::string> submit_body(const Submission& job, ApiVersion version) {
  TRY_DONE(check_submission(job));
  return version < ApiVersion{39} ? old_body(job) : new_body(job, version);
}

}  // namespace fabrica::sites::slurm
