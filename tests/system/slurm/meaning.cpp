#include "system/slurm/meaning.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sbatch/pattern.h"

namespace fabrica::test {

namespace {

using sbatch::Dependencies;
using sbatch::Parsed;
using sbatch::Resources;

// What the bed's clusters give where nothing is asked for.
constexpr std::string_view default_time = "00:10:00";
constexpr std::uint64_t default_memory_mib = 1000;
constexpr std::uint32_t unset = 4'294'967'294;  // Slurm's NO_VAL: the task of an array as a whole

std::string shown(const Verdict& verdict, const std::string& name) {
  const auto found = verdict.shown.find(name);
  const std::string text = found == verdict.shown.end() ? "" : found->second;
  return text == "(null)" || text == "N/A" ? "" : text;
}

// "cpu=1,mem=4G,node=2,gres/gpu=4": the value of one name.
std::string shown_tres(const Verdict& verdict, std::string_view name) {
  const std::string all = "," + shown(verdict, "TRES") + ",";
  const std::size_t at = all.find(fmt::format(",{}=", name));
  if (at == std::string::npos) return "0";
  const std::size_t begin = at + name.size() + 2;
  return all.substr(begin, all.find(',', begin) - begin);
}

// "4G", "1000M", "0" as a number of MiB.
std::string in_mib(const std::string& text) {
  std::uint64_t number = std::strtoull(text.c_str(), nullptr, 10);
  if (text.ends_with('G')) number *= 1024;
  if (text.ends_with('T')) number *= 1024UZ * 1024;
  return std::to_string(number);
}

std::string sorted_list(std::vector<std::string> parts) {
  std::ranges::sort(parts);
  return fmt::format("{}", fmt::join(parts, ","));
}

// Each thing once, with its count, and none of which there are none: "gpu" and "gpu:1" are the
// same.
std::string gres_list(const std::vector<sbatch::Gres>& list) {
  std::vector<std::string> parts;
  for (const auto& [name, type, count] : list) {
    if (count == 0) continue;
    parts.push_back(fmt::format("{}:{}{}{}", name, type, type.empty() ? "" : ":", count));
  }
  std::ranges::sort(parts);
  const auto doubled = std::ranges::unique(parts);
  parts.erase(doubled.begin(), doubled.end());
  return fmt::format("{}", fmt::join(parts, ","));
}

std::string gres_as_shown(std::string_view text) {
  std::vector<sbatch::Gres> list;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const auto one = sbatch::parse_gres(part);
    if (!one) return fmt::format("not read: {}", part);
    list.insert(list.end(), one->begin(), one->end());
  }
  return gres_list(list);
}

std::vector<sbatch::Gres> gpus_as_gres(const std::vector<sbatch::GpuCount>& gpus) {
  std::vector<sbatch::Gres> list;
  for (const auto& [type, count] : gpus) list.push_back({"gpu", type, count});
  return list;
}

std::string gres_per_node(const Resources& asked) {
  std::vector<sbatch::Gres> list = asked.gres;
  const auto gpus = gpus_as_gres(asked.gpus_per_node);
  list.insert(list.end(), gpus.begin(), gpus.end());
  return gres_list(list);
}

std::string gpus(const std::vector<sbatch::GpuCount>& list) {
  return gres_list(gpus_as_gres(list));
}

std::string tasks_of_array(std::string_view text) {
  const auto array = sbatch::parse_array(text);
  if (!array) return fmt::format("not read: {}", text);
  return fmt::format("{}%{}", fmt::join(sbatch::tasks_of(*array), ","), array->at_once);
}

std::string dependencies(const Dependencies& asked) {
  std::vector<std::string> parts;
  for (const auto& [kind, jobs] : asked.list) {
    if (jobs.empty()) parts.emplace_back(name_of(kind));
    for (const auto& job : jobs) {
      std::string part = fmt::format("{}:{}_", name_of(kind), job.job);
      part += job.task ? std::to_string(*job.task) : "*";
      if (job.delay_minutes > 0) part += fmt::format("+{}", job.delay_minutes);
      parts.push_back(part);
    }
  }
  return fmt::format("{}", fmt::join(parts, asked.any ? "?" : ","));
}

// Without "(unfulfilled)" behind each part.
std::string dependencies_as_shown(std::string text) {
  for (std::size_t at = text.find('('); at != std::string::npos; at = text.find('(')) {
    text.erase(at, text.find(')', at) - at + 1);
  }
  return text;
}

std::string memory(const sbatch::Shape& shape) {
  if (shape.memory_whole_node) return "node 0";
  switch (shape.memory_per) {
    case sbatch::MemoryPer::node:
      return fmt::format("node {}", shape.memory_mib);
    case sbatch::MemoryPer::cpu:
      return fmt::format("cpu {}", shape.memory_mib);
    case sbatch::MemoryPer::gpu:
      return fmt::format("gpu {}", shape.memory_mib);
    default:
      return fmt::format("cpu {}", default_memory_mib);
  }
}

std::string memory_as_shown(const Verdict& verdict) {
  // With zero per GPU the default counts.
  const std::string gpu = shown(verdict, "MemPerTres");
  if (!gpu.empty() && !gpu.ends_with(":0")) return "gpu " + in_mib(gpu.substr(gpu.rfind(':') + 1));
  if (verdict.shown.contains("MinMemoryNode")) {
    return "node " + in_mib(shown(verdict, "MinMemoryNode"));
  }
  return "cpu " + in_mib(shown(verdict, "MinMemoryCPU"));
}

std::string sharing(const Resources& asked) {
  if (asked.oversubscribe) return "YES";
  if (!asked.exclusive) return "OK";
  switch (*asked.exclusive) {
    case sbatch::Exclusive::user:
      return "USER";
    case sbatch::Exclusive::mcs:
      return "MCS";
    default:
      return "NO";
  }
}

// A list of mail events in the order of their names.
std::string mail_as_shown(std::string text) {
  std::vector<std::string> parts;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    parts.emplace_back(part);
  }
  return sorted_list(std::move(parts));
}

std::string mail(const std::vector<sbatch::MailEvent>& events) {
  std::vector<std::string> parts;
  for (const sbatch::MailEvent event : events) {
    std::string name(name_of(event));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
    parts.push_back(name);
  }
  return sorted_list(std::move(parts));
}

std::optional<Time> time_as_shown(const Verdict& verdict, const std::string& name) {
  return parse_time(shown(verdict, name) + "Z");
}

// What is over is at once. The clock may go on by a second between sbatch's reading and the
// submission.
std::string moment(const sbatch::Moment& asked, const Verdict& verdict, const std::string& name) {
  const Time submitted = time_as_shown(verdict, "SubmitTime").value_or(Time{});
  const Time read = sbatch::resolve(asked, submitted, Duration{});
  if (read <= submitted) return "at once";
  const std::optional<Time> seen = time_as_shown(verdict, name);
  const bool near = seen && read - *seen <= seconds(2) && *seen - read <= seconds(2);
  return to_string(asked.form == sbatch::BeginForm::now && near ? *seen : read);
}

std::string moment_as_shown(const Verdict& verdict, const std::string& name) {
  const std::optional<Time> seen = time_as_shown(verdict, name);
  return seen ? to_string(*seen) : "at once";
}

// scontrol shows other symbols as they are, so that nothing can be learnt from it.
bool is_expanded_by_scontrol(std::string_view pattern) {
  for (std::size_t at = pattern.find('%'); at != std::string_view::npos;
       at = pattern.find('%', at + 2)) {
    if (at + 1 == pattern.size() || !std::string_view("jAaux").contains(pattern[at + 1])) {
      return false;
    }
  }
  return true;
}

void add_files(const Parsed& parsed, const Verdict& verdict, Meaning& meaning) {
  const sbatch::Files& files = parsed.options.files;
  const bool array = parsed.options.timing.array.has_value();
  sbatch::PatternValues values;
  values.job = verdict.job;
  values.user = "fabrica-a";
  values.name = parsed.options.job_name.value_or(parsed.options.wrap ? "wrap" : "sbatch");
  if (array) {
    values.array_job = verdict.job;
    values.array_task = unset;
  }
  const auto full = [&](const std::filesystem::path& path) {
    return (std::filesystem::path("/tmp") / files.chdir.value_or("") / path).lexically_normal();
  };
  const std::string output(files.output.value_or(std::string(sbatch::default_output(array))));
  const auto add = [&](const std::string& name, const std::string& pattern) {
    if (!is_expanded_by_scontrol(pattern)) return;
    meaning[name] = full(sbatch::expand_pattern(pattern, values)).string();
  };
  add("output", output);
  add("error", files.error.value_or(output));
  add("input", files.input.value_or("/dev/null"));
  if (files.chdir) {
    meaning["chdir"] = (std::filesystem::path("/tmp") / *files.chdir).lexically_normal().string();
  }
}

void add_words(const Parsed& parsed, Meaning& meaning) {
  const sbatch::Options& options = parsed.options;
  meaning["name"] = options.job_name.value_or(options.wrap ? "wrap" : "sbatch");
  meaning["comment"] = options.comment.value_or("");
  meaning["partition"] = options.words.partition.value_or("gpu");
  meaning["account"] = options.words.account.value_or("fabrica");
  meaning["qos"] = options.words.qos.value_or("normal");
  meaning["constraint"] = options.words.constraint.value_or("");
  meaning["nodelist"] = options.words.nodelist.value_or("");
  meaning["exclude"] = options.words.exclude.value_or("");
  if (!options.mail_events.empty()) meaning["mail"] = mail(options.mail_events);
  if (options.mail_user && !options.mail_events.empty()) meaning["mail user"] = *options.mail_user;
}

void add_timing(const Parsed& parsed, const Verdict& verdict, Meaning& meaning) {
  const sbatch::Timing& timing = parsed.options.timing;
  meaning["time"] = timing.limit ? to_string(*timing.limit) : std::string(default_time);
  if (parsed.shape.time_limit) meaning["time"] = to_clock(*parsed.shape.time_limit);
  meaning["time-min"] = timing.limit_min ? to_string(*timing.limit_min) : "";
  meaning["array"] = timing.array ? tasks_of_array(to_string(*timing.array)) : "";
  meaning["dependency"] = timing.dependencies ? dependencies(*timing.dependencies) : "";
  meaning["hold"] = timing.hold ? "yes" : "no";
  meaning["requeue"] = timing.requeue.value_or(true) ? "1" : "0";
  meaning["nice"] = std::to_string(timing.nice.value_or(0));
  meaning["kill on invalid"] =
      timing.kill_on_invalid_dependency ? (*timing.kill_on_invalid_dependency ? "Yes" : "No") : "";
  if (timing.begin && !timing.hold) meaning["begin"] = moment(*timing.begin, verdict, "StartTime");
  if (timing.deadline) meaning["deadline"] = moment(*timing.deadline, verdict, "Deadline");
}

void add_resources(const Parsed& parsed, Meaning& meaning) {
  const Resources& asked = parsed.options.resources;
  const sbatch::Shape& shape = parsed.shape;
  // Otherwise the cluster finds them when the job starts.
  if (asked.nodes || shape.nodes_min == 1) meaning["nodes"] = std::to_string(shape.nodes_min);
  meaning["tasks"] = std::to_string(shape.tasks);
  meaning["cpus per task"] = std::to_string(shape.cpus_per_task);
  meaning["gpus"] = std::to_string(shape.gpus);
  meaning["memory"] = memory(shape);
  meaning["disk"] = std::to_string(asked.disk.value_or(sbatch::Memory{}).mib);
  meaning["gres"] = gres_per_node(asked);
  meaning["gpus per job"] = gpus(asked.gpus);
  meaning["gpus per task"] = gpus(asked.gpus_per_task);
  meaning["gpus per socket"] = gpus(asked.gpus_per_socket);
  meaning["cpus per gpu"] = asked.cpus_per_gpu ? std::to_string(*asked.cpus_per_gpu) : "";
  meaning["tasks per gpu"] = asked.ntasks_per_gpu ? std::to_string(*asked.ntasks_per_gpu) : "";
  meaning["sharing"] = sharing(asked);
}

}  // namespace

Meaning meaning_of(const Parsed& parsed, const Verdict& verdict) {
  Meaning meaning;
  add_words(parsed, meaning);
  add_files(parsed, verdict, meaning);
  add_timing(parsed, verdict, meaning);
  add_resources(parsed, meaning);
  return meaning;
}

Meaning meaning_of(const Verdict& verdict) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> plain{
      {{"name", "JobName"},
       {"partition", "Partition"},
       {"account", "Account"},
       {"qos", "QOS"},
       {"constraint", "Features"},
       {"nodelist", "ReqNodeList"},
       {"exclude", "ExcNodeList"},
       {"mail user", "MailUser"},
       {"time", "TimeLimit"},
       {"time-min", "TimeMin"},
       {"requeue", "Requeue"},
       {"nice", "Nice"},
       {"kill on invalid", "KillOInInvalidDependent"},
       {"tasks per gpu", "NtasksPerTRES"}}};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> paths{
      {{"output", "StdOut"}, {"error", "StdErr"}, {"input", "StdIn"}, {"chdir", "WorkDir"}}};
  Meaning meaning;
  for (const auto& [name, theirs] : plain) {
    meaning[std::string(name)] = shown(verdict, std::string(theirs));
  }
  for (const auto& [name, theirs] : paths) {
    const std::filesystem::path path = shown(verdict, std::string(theirs));
    meaning[std::string(name)] = path.lexically_normal().string();
  }
  std::string comment = shown(verdict, "Comment");
  if (comment.ends_with(' ')) comment.pop_back();  // scontrol's own
  meaning["comment"] = comment;
  meaning["mail"] = mail_as_shown(shown(verdict, "MailType"));
  const std::string array = shown(verdict, "ArrayTaskId");
  meaning["array"] = array.empty() ? "" : tasks_of_array(array);
  meaning["dependency"] = dependencies_as_shown(shown(verdict, "Dependency"));
  meaning["hold"] = shown(verdict, "Priority") == "0" ? "yes" : "no";
  meaning["begin"] = moment_as_shown(verdict, "StartTime");
  meaning["deadline"] = moment_as_shown(verdict, "Deadline");
  meaning["nodes"] = shown_tres(verdict, "node");
  meaning["tasks"] = shown(verdict, "NumTasks");
  meaning["cpus per task"] = shown(verdict, "CPUs/Task");
  meaning["gpus"] = shown_tres(verdict, "gres/gpu");
  meaning["memory"] = memory_as_shown(verdict);
  meaning["disk"] = in_mib(shown(verdict, "MinTmpDiskNode"));
  meaning["gres"] = gres_as_shown(shown(verdict, "TresPerNode"));
  meaning["gpus per job"] = gres_as_shown(shown(verdict, "TresPerJob"));
  meaning["gpus per task"] = gres_as_shown(shown(verdict, "TresPerTask"));
  meaning["gpus per socket"] = gres_as_shown(shown(verdict, "TresPerSocket"));
  const std::string cpus = shown(verdict, "CpusPerTres");
  meaning["cpus per gpu"] = cpus.substr(cpus.rfind(':') + 1);
  meaning["sharing"] = shown(verdict, "OverSubscribe");
  return meaning;
}

}  // namespace fabrica::test
