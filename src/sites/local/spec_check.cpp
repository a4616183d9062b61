#include "sites/local/spec_check.h"

#include <fmt/core.h>

#include <csignal>

#include "base/limits.h"
#include "json/read.h"
#include "json/write.h"
#include "sites/local/spool.h"

namespace fabrica::sites::local {

namespace {

// The kernel's own bounds for one string and, with room to spare for what we add, for all together
// (execve(2), "Limits on size of arguments and environment").
constexpr std::size_t string_bytes_max = 131'071;
constexpr std::size_t strings_bytes_max = 1'048'576;
constexpr Duration grace_max = hours(24);

Result<void> check_strings(const TaskSpec& spec) {
  std::size_t bytes = 0;
  for (const auto* list : {&spec.arguments, &spec.environment}) {
    const std::string_view field = list == &spec.arguments ? "arguments" : "environment";
    for (const std::string& text : *list) {
      bytes += text.size() + 1 + sizeof(char*);
      if (text.size() > string_bytes_max || bytes > strings_bytes_max) {
        return refuse(refusal::too_large, std::string(field),
                      fmt::format("Pass less: one argument or variable may have {} bytes, all "
                                  "together {}.",
                                  string_bytes_max, strings_bytes_max));
      }
      if (text.find('\0') != std::string::npos) {
        return refuse(refusal::invalid, std::string(field), "Leave out the NUL character.");
      }
    }
  }
  for (const std::string& entry : spec.environment) {
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return refuse(refusal::invalid, "environment",
                    fmt::format("Write '{}' as NAME=value.", entry));
    }
  }
  return {};
}

Result<void> check_paths(const TaskSpec& spec) {
  if (!spec.working_directory.starts_with('/')) {
    return refuse(refusal::invalid, "working_directory",
                  "Give the working directory as a full path.");
  }
  for (const std::string* path :
       {&spec.working_directory, &spec.input_path, &spec.output_path, &spec.error_path}) {
    if (path->find('\0') != std::string::npos || path->size() > limits::text_bytes_max) {
      return refuse(refusal::invalid, "",
                    fmt::format("Give paths of at most {} bytes without the NUL character.",
                                limits::text_bytes_max));
    }
  }
  return {};
}

Result<void> check_numbers(const TaskSpec& spec) {
  if (spec.cores == 0) return refuse(refusal::invalid, "cores", "Ask for at least one core.");
  if (spec.time_limit < Duration{} || spec.time_limit > limits::job_time_max) {
    return refuse(refusal::invalid, "time_limit",
                  fmt::format("Give a time limit of at most {}.", to_clock(limits::job_time_max)));
  }
  if (spec.grace < Duration{} || spec.grace > grace_max) {
    return refuse(refusal::invalid, "grace",
                  fmt::format("Give a grace time of at most {}.", to_clock(grace_max)));
  }
  if (spec.group_limit > 0 && spec.group.empty()) {
    return refuse(refusal::invalid, "group", "Name the group that the limit is for.");
  }
  if (spec.nice < -20 || spec.nice > 19) {
    return refuse(refusal::invalid, "nice", "Give a nice value from -20 to 19.");
  }
  if (spec.early_signal && (spec.early_signal->signal < 1 || spec.early_signal->signal >= NSIG ||
                            spec.early_signal->before_limit < Duration{})) {
    return refuse(refusal::invalid, "early_signal",
                  fmt::format("Give a signal from 1 to {} and a time before the limit.", NSIG - 1));
  }
  return {};
}

}  // namespace

Result<void> check_spec(const TaskSpec& spec) {
  TRY_DONE(check_tag(spec.tag));
  TRY_DONE(check_numbers(spec));
  TRY_DONE(check_paths(spec));
  TRY_DONE(check_strings(spec));
  // The spec is kept as JSON, which holds Unicode text only.
  const Result<TaskSpec> kept = json::read<TaskSpec>(json::to_json(spec));
  if (!kept || *kept != spec) {
    return refuse(refusal::invalid, "",
                  "Give names, paths, arguments and variables as UTF-8 text.");
  }
  return {};
}

}  // namespace fabrica::sites::local
