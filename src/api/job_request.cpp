#include "api/job_request.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <tuple>
#include <utility>

#include "api/option_rules.h"
#include "base/limits.h"
#include "sbatch/parse.h"

namespace fabrica::api {

namespace {

using sbatch::Findings;
using sbatch::Options;
using sbatch::Place;
using sbatch::place_of;
using sbatch::Shape;

// The kernel's bounds for what a process may start with (execve(2)), with room for what sites add.
constexpr std::size_t string_bytes_max = 128 * 1024 - 1;
constexpr std::size_t strings_bytes_max = 1024 * 1024;
constexpr std::size_t user_bytes_max = 64;

std::unexpected<Refusal> too_long(std::string field, std::size_t bytes_max) {
  return refuse(refusal::too_large, std::move(field),
                fmt::format("Send at most {} bytes here.", bytes_max));
}

Result<void> check_text(std::string field, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) return too_long(std::move(field), bytes_max);
  if (text.find('\0') != std::string_view::npos) {
    return refuse(refusal::invalid, std::move(field), "Leave out the NUL character.");
  }
  return {};
}

Result<void> check_strings(const Submission& submission) {
  std::size_t bytes = 0;
  const auto check = [&](std::string field, std::string_view text) -> Result<void> {
    bytes += text.size() + sizeof(char*);
    if (bytes > strings_bytes_max) return too_long(std::move(field), strings_bytes_max);
    return check_text(std::move(field), text, string_bytes_max);
  };
  for (std::size_t i = 0; i < submission.arguments.size(); ++i) {
    TRY_DONE(check(fmt::format("/arguments/{}", i), submission.arguments[i]));
  }
  for (std::size_t i = 0; i < submission.options.size(); ++i) {
    TRY_DONE(check(fmt::format("/options/{}", i), submission.options[i]));
  }
  for (const auto& [name, value] : submission.environment) {
    TRY_DONE(check("/environment", name));
    TRY_DONE(check("/environment", value));
    if (name.empty() || name.find('=') != std::string::npos) {
      return refuse(refusal::invalid, "/environment",
                    "A variable's name is not empty and has no \"=\" in it.");
    }
  }
  return {};
}

bool is_login_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
  };
  return !name.empty() && name.size() <= user_bytes_max && !name.starts_with('.') &&
         std::ranges::all_of(name, allowed);
}

Result<void> check_body(const Submission& submission) {
  TRY_DONE(check_text("/script", submission.script, limits::script_bytes_max));
  TRY_DONE(check_text("/name", submission.name.value_or(""), limits::name_bytes_max));
  TRY_DONE(check_text("/working_directory", submission.working_directory.value_or("/"),
                      limits::text_bytes_max));
  TRY_DONE(check_strings(submission));
  if (submission.working_directory && !submission.working_directory->starts_with('/')) {
    return refuse(refusal::invalid, "/working_directory",
                  "Give the working directory as a full path.");
  }
  if (submission.user && !is_login_name(*submission.user)) {
    return refuse(refusal::invalid, "/user",
                  "A login name has letters, digits, and \"-_.@\" only.");
  }
  return {};
}

void need_time_limit(const Options& options, const Shape& shape, Findings& findings) {
  if (shape.time_limit) return;
  findings.error(
      place_of(options, "time"), "--time",
      shape.time_unlimited ? "A job without a time limit has no bound on its cost."
                           : "No time limit is stated.",
      "Add a line such as #SBATCH --time=02:00:00: the hold is the cost of the whole limit.");
}

void check_gres(const Options& options, Findings& findings) {
  for (const sbatch::Gres& gres : options.resources.gres) {
    if (gres.name == "gpu") continue;
    findings.error(place_of(options, "gres"), "--gres",
                   fmt::format("No connected site has the resource \"{}\".", gres.name),
                   "Ask for GPUs only: gpu:4.");
  }
}

void check_exclusive(const Options& options, Findings& findings) {
  const auto& exclusive = options.resources.exclusive;
  if (!exclusive || *exclusive == sbatch::Exclusive::node) return;
  findings.error(place_of(options, "exclusive"), "--exclusive",
                 fmt::format("No connected site shares nodes by {}.", name_of(*exclusive)),
                 "Write --exclusive for whole nodes.");
}

void check_paths(const Options& options, Findings& findings) {
  for (const std::string_view option : {"chdir", "output", "error", "input"}) {
    const sbatch::Given* given = effective(options, option);
    if (given == nullptr || given->value.size() <= limits::text_bytes_max) continue;
    findings.error(given->place, fmt::format("--{}", option),
                   fmt::format("A path has at most {} bytes.", limits::text_bytes_max),
                   "Use a shorter one.");
  }
}

std::optional<jobs::DependencyKind> kind_of(sbatch::DependencyKind kind) {
  switch (kind) {
    case sbatch::DependencyKind::after:
      return jobs::DependencyKind::after;
    case sbatch::DependencyKind::afterany:
      return jobs::DependencyKind::after_any;
    case sbatch::DependencyKind::afterok:
      return jobs::DependencyKind::after_ok;
    case sbatch::DependencyKind::afternotok:
      return jobs::DependencyKind::after_not_ok;
    default:
      return std::nullopt;
  }
}

std::vector<jobs::Dependency> dependencies_of(const Options& options, Findings& findings) {
  std::vector<jobs::Dependency> dependencies;
  if (!options.timing.dependencies) return dependencies;
  const Place place = place_of(options, "dependency");
  const auto no = [&](std::string text, std::string hint) {
    findings.error(place, "--dependency", std::move(text), std::move(hint));
  };
  if (options.timing.dependencies->any) {
    no("Jobs cannot wait for one of several others.",
       "Wait for all of them: write \",\" for \"?\".");
  }
  for (const sbatch::Dependency& dependency : options.timing.dependencies->list) {
    const auto kind = kind_of(dependency.kind);
    if (!kind) {
      no(fmt::format("Jobs cannot wait by {}.", name_of(dependency.kind)),
         "Use after, afterany, afterok or afternotok with the job's number.");
      continue;
    }
    for (const sbatch::AwaitedJob& awaited : dependency.jobs) {
      if (awaited.task || awaited.delay_minutes != 0) {
        no(fmt::format("A job waits for the whole of job {}, at once.", awaited.job),
           "Leave out the task's number and the minutes.");
      }
      dependencies.push_back({*kind, jobs::JobId{awaited.job}});
    }
  }
  return dependencies;
}

std::string default_name(const Submission& submission, const Options& options) {
  if (options.job_name) return *options.job_name;
  if (options.wrap) return "wrap";
  if (!submission.name) return "sbatch";
  std::string name = std::filesystem::path(*submission.name).filename().string();
  return name.empty() ? "sbatch" : name;
}

jobs::JobRequest request_of(const Submission& submission, const Options& options,
                            const Shape& wanted, Findings& findings) {
  if (wanted.nodes_max > wanted.nodes_min) {
    findings.warning(
        place_of(options, "nodes"), "--nodes",
        fmt::format("The job gets {} nodes, the least that was asked for.", wanted.nodes_min));
  }
  const Shape shape = on_nodes(wanted, wanted.nodes_min);
  jobs::JobRequest request;
  request.name = default_name(submission, options);
  request.nodes = shape.nodes_min;
  request.tasks = shape.tasks;
  request.cpus_per_node = cpus_per_node(shape);
  request.gpus_per_node = shape.gpus_per_node;
  request.memory_mib_per_node = memory_mib_per_node(shape).value_or(0);
  request.whole_nodes = shape.exclusive || shape.memory_whole_node;
  request.gpu_kind = shape.gpu_type;
  request.time_limit = shape.time_limit.value_or(Duration{});
  if (shape.memory_whole_node && !shape.exclusive) {
    findings.warning(
        place_of(options, "mem"), "--mem",
        "All memory of a node is asked for, so that whole nodes are set aside and billed.",
        "State what the job needs, such as --mem=64G.");
  }
  if (options.timing.array) {
    request.array = sbatch::tasks_of(*options.timing.array);
    request.array_at_once = options.timing.array->at_once;
  }
  request.dependencies = dependencies_of(options, findings);
  return request;
}

std::vector<std::string> environment_of(const Submission& submission, const Options& options,
                                        Findings& findings) {
  std::vector<std::string> environment;
  if (!options.environment) return environment;
  for (const sbatch::ExportedVariable& variable : options.environment->variables) {
    if (variable.value) {
      environment.push_back(fmt::format("{}={}", variable.name, *variable.value));
      continue;
    }
    const auto sent = submission.environment.find(variable.name);
    if (sent != submission.environment.end()) {
      environment.push_back(fmt::format("{}={}", variable.name, sent->second));
    } else {
      findings.warning(
          place_of(options, "export"), "--export",
          fmt::format("{} has no value where the job was submitted, so the job does not get it.",
                      variable.name));
    }
  }
  return environment;
}

// Where the job runs: --chdir, from where it was submitted. Empty when neither says so.
std::string directory_for(const Submission& submission, const Options& options) {
  const std::filesystem::path from = submission.working_directory.value_or("");
  if (!options.files.chdir) return from.string();
  const std::filesystem::path path = (from / *options.files.chdir).lexically_normal();
  return path.is_absolute() ? path.string() : std::string();
}

jobs::JobDocument document_of(const Submission& submission, const Options& options,
                              const Shape& shape, Findings& findings) {
  jobs::JobDocument document;
  document.arguments = submission.arguments;
  document.environment = environment_of(submission, options, findings);
  document.working_directory = directory_for(submission, options);
  document.output = options.files.output.value_or("");
  document.error = options.files.error.value_or("");
  document.input = options.files.input.value_or("");
  document.append = options.files.open_mode == sbatch::OpenMode::append;
  document.tasks = shape.tasks;
  document.tasks_per_node = shape.tasks_per_node;
  document.cpus_per_task = shape.cpus_per_task;
  if (const sbatch::Given* signal = effective(options, "signal")) document.signal = signal->value;
  document.user = submission.user.value_or("");
  for (const sbatch::Given& given : options.given) {
    if (given.overruled) continue;
    document.options.push_back(given.value.empty() ? given.name : given.name + "=" + given.value);
  }
  return document;
}

// A slug that the submission, or else an option, names.
std::optional<Word> word_of(const std::optional<std::string>& in_body, std::string_view field,
                            const std::optional<std::string>& in_option, std::string_view option,
                            const Options& options, Findings& findings) {
  if (in_body) {
    if (in_option && *in_option != *in_body) {
      findings.warning(
          place_of(options, option), fmt::format("--{}", option),
          fmt::format("The request itself names \"{}\", which goes before.", *in_body));
    }
    return Word{*in_body, std::nullopt, std::string(field)};
  }
  if (!in_option) return std::nullopt;
  return Word{*in_option, place_of(options, option), {}};
}

bool any_error(const std::vector<sbatch::Diagnostic>& diagnostics) {
  return std::ranges::any_of(
      diagnostics, [](const auto& one) { return one.severity == sbatch::Severity::error; });
}

sbatch::Parsed parse(const Submission& submission) {
  const std::vector<std::pair<std::string, std::string>> environment(submission.environment.begin(),
                                                                     submission.environment.end());
  return sbatch::parse({submission.script, environment, submission.options});
}

}  // namespace

Problem script_problem(const std::vector<sbatch::Diagnostic>& diagnostics) {
  const auto first =
      std::ranges::find(diagnostics, sbatch::Severity::error, &sbatch::Diagnostic::severity);
  return {
      Refusal{bad_script, "/script",
              first == diagnostics.end() ? "The script has mistakes." : sbatch::to_string(*first)},
      views_of(diagnostics)};
}

void add_diagnostics(std::vector<sbatch::Diagnostic>& all, std::vector<sbatch::Diagnostic> more) {
  std::ranges::move(more, std::back_inserter(all));
  std::ranges::sort(all, {}, [](const sbatch::Diagnostic& one) {
    return std::tie(one.place.origin, one.place.line, one.place.column, one.option, one.text);
  });
}

Answer<Draft> draft_of(Submission submission, Purpose purpose) {
  TRY_DONE(check_body(submission));
  sbatch::Parsed parsed = parse(submission);
  Options& options = parsed.options;
  Findings findings;
  check_options(options, purpose == Purpose::plan ? "test-only" : "", findings);
  Draft draft;
  if (parsed.ok()) {
    need_time_limit(options, parsed.shape, findings);
    check_gres(options, findings);
    check_exclusive(options, findings);
    check_paths(options, findings);
    draft.request = request_of(submission, options, parsed.shape, findings);
    draft.document =
        document_of(submission, options, on_nodes(parsed.shape, parsed.shape.nodes_min), findings);
    draft.document.array = draft.request.array;
    if (options.words.clusters == "auto") options.words.clusters.reset();
    draft.site =
        word_of(submission.site, "/site", options.words.clusters, "clusters", options, findings);
    draft.partition = word_of(submission.partition, "/partition", options.words.partition,
                              "partition", options, findings);
  }
  add_diagnostics(parsed.diagnostics, findings.take());
  if (any_error(parsed.diagnostics)) return std::unexpected(script_problem(parsed.diagnostics));
  if (draft.document.working_directory.empty()) {
    return refuse(refusal::invalid, "/working_directory",
                  "Say where the job runs: a full path here, or --chdir with one.");
  }
  draft.script =
      options.wrap ? fmt::format("#!/bin/sh\n\n{}\n", *options.wrap) : std::move(submission.script);
  draft.diagnostics = std::move(parsed.diagnostics);
  draft.options = std::move(parsed.options);
  return draft;
}

Problem unknown_word(const Word& word, std::string_view option, std::string text,
                     std::string hint) {
  if (!word.place) return Refusal{refusal::not_found, word.field, std::move(text)};
  return script_problem({{sbatch::Severity::error, *word.place, fmt::format("--{}", option),
                          std::move(text), std::move(hint)}});
}

}  // namespace fabrica::api
