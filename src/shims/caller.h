#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/session.h"
#include "shims/command_line.h"
#include "shims/job_rows.h"

/// Who asks, and the server that answers.
namespace fabrica::shims {

class Caller {
 public:
  Caller() : session_({}, {}) {}

  cli::Session& session() { return session_; }

  /// The caller's number and login name, and the time when this was first asked.
  Outcome<Onlooker> onlooker();

  /// None when there is no such job, or none that the caller may see.
  Outcome<std::optional<Job>> job(std::uint64_t id);

  /// Oldest first. With `whole`, and for arrays always, each with its tasks.
  Outcome<std::vector<Job>> jobs(const cli::Pairs& query, bool whole);

  /// The slugs of the sites of --clusters (or SLURM_CLUSTERS): empty means any, as do "all" and
  /// "auto". Refused when one is no site.
  Outcome<std::vector<std::string>> sites(std::string_view program, const Words& words);

  /// The numbers of the persons that --user or --me name; empty means any. A login name is known
  /// only when it is the caller's own, others are "person-7".
  Outcome<std::vector<std::uint64_t>> persons(std::string_view program,
                                              const std::vector<std::string>& names, bool me);

 private:
  cli::Session session_;
  std::optional<Onlooker> onlooker_;
};

/// An id as sbatch printed it, "7", or of a task of an array, "7_3"; a step's ".batch" is dropped.
struct JobWord {
  std::uint64_t job = 0;
  std::optional<std::string> task;
};
std::optional<JobWord> job_word(std::string_view text);

/// True when `wanted` is empty or has `one` in it.
template <class T>
bool is_wanted(const std::vector<T>& wanted, const auto& one) {
  return wanted.empty() || std::ranges::find(wanted, one) != wanted.end();
}

/// Variables of the environment that stand for options; empty when not set.
std::string environment_text(const char* name);

}  // namespace fabrica::shims
