#include "sbatch/dependency.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "base/limits.h"
#include "sbatch/amounts.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

constexpr std::uint64_t delay_minutes_max = limits::job_time_max.ms / 60'000;

std::optional<DependencyKind> kind_of(std::string_view word) {
  constexpr std::array kinds{DependencyKind::after,     DependencyKind::afterany,
                             DependencyKind::afterok,   DependencyKind::afternotok,
                             DependencyKind::aftercorr, DependencyKind::afterburstbuffer,
                             DependencyKind::singleton};
  for (const DependencyKind kind : kinds) {
    if (equal_in_any_case(word, name_of(kind))) return kind;
  }
  return std::nullopt;
}

/// "17", "17_3", "17_*", each with "+5".
Result<AwaitedJob> read_job(std::string_view text) {
  const std::string_view whole = text;
  bool delayed = false;
  std::string_view delay = text;
  text = cut(delay, '+', delayed);
  bool array = false;
  std::string_view task = text;
  text = cut(task, '_', array);
  AwaitedJob awaited;
  const auto job = parse_digits(text, std::numeric_limits<std::int64_t>::max());
  if (!job || *job == 0) return invalid(fmt::format("\"{}\" is not a job's number.", whole));
  awaited.job = *job;
  if (array && task == "*") {
    awaited.all_tasks = true;
  } else if (array) {
    const auto number = parse_digits(task, limits::array_index_max);
    if (!number) return invalid(fmt::format("\"{}\" is not a task of a job array.", whole));
    awaited.task = static_cast<std::uint32_t>(*number);
  }
  if (delayed) {
    const auto minutes = parse_digits(delay, delay_minutes_max);
    if (!minutes || *minutes == 0) {
      return invalid(fmt::format("\"{}\" does not wait a whole number of minutes.", whole));
    }
    awaited.delay_minutes = static_cast<std::uint32_t>(*minutes);
  }
  return awaited;
}

/// "afterok:17:18", "singleton", or a bare "17".
Result<Dependency> read_dependency(std::string_view text) {
  if (text.empty()) return invalid("A dependency is empty.");
  Dependency dependency;
  bool listed = false;
  std::string_view jobs = text;
  const std::string_view word = cut(jobs, ':', listed);
  if (is_digit(text.front()) && !listed) {
    jobs = text;
  } else {
    const auto kind = kind_of(word);
    if (!kind) return invalid(fmt::format("\"{}\" is not a kind of dependency.", word));
    dependency.kind = *kind;
    if (*kind == DependencyKind::singleton) {
      if (listed) return invalid("singleton names no job.");
      return dependency;
    }
    if (!listed) return invalid(fmt::format("\"{}\" does not say on which job.", text));
  }
  for (bool more = true; more;) {
    TRY(AwaitedJob job, read_job(cut(jobs, ':', more)));
    if (dependency.jobs.size() == limits::dependencies_max) {
      return refuse(refusal::too_many, "",
                    fmt::format("More than {} jobs are waited for.", limits::dependencies_max));
    }
    dependency.jobs.push_back(job);
  }
  return dependency;
}

}  // namespace

Result<Dependencies> parse_dependencies(std::string_view text) {
  Dependencies all;
  if (text.empty()) return all;
  all.any = text.find('?') != std::string_view::npos;
  if (all.any && text.find(',') != std::string_view::npos) {
    return invalid("\",\" (all of them) and \"?\" (any of them) cannot be mixed.");
  }
  std::size_t jobs = 0;
  for (bool more = true; more;) {
    TRY(Dependency dependency, read_dependency(cut(text, all.any ? '?' : ',', more)));
    jobs += dependency.kind == DependencyKind::singleton ? 1 : dependency.jobs.size();
    if (jobs > limits::dependencies_max) {
      return refuse(refusal::too_many, "",
                    fmt::format("More than {} jobs are waited for.", limits::dependencies_max));
    }
    all.list.push_back(std::move(dependency));
  }
  return all;
}

}  // namespace fabrica::sbatch
