#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sites/slurm/cluster.h"

/// The replies of slurmrestd, of every version from v0.0.38 to v0.0.43, in one form. Their shapes
/// are told apart by what is there, never by the version: numbers plain or as {set, infinite,
/// number}, states as a word or a list of words, exit codes as a wait status or an object.
namespace fabrica::sites::slurm {

/// More jobs than this in one reply and it is refused.
inline constexpr std::size_t reply_jobs_max = 200'000;
/// The longest reply that is read.
inline constexpr std::size_t reply_bytes_max = std::size_t{1} << 29U;

/// An entry of a reply's list of errors.
struct ReplyError {
  std::optional<std::int64_t> code;  // Slurm's own number; none where it says none
  std::string text;

  friend bool operator==(const ReplyError&, const ReplyError&) = default;
};

struct Reply {
  std::vector<ReplyError> errors;       // those with the code 0 are left out
  std::optional<std::uint32_t> job_id;  // of a submission
  std::optional<std::vector<ClusterJob>> jobs;
  std::optional<bool> controller_up;  // of a ping: whether any slurmctld answered it
  Time last_update;                   // of the list of jobs, where it says so; else zero
};

/// Which of slurmdbd's jobs are kept; all others are passed over.
struct PastJobs {
  std::string cluster;  // empty: of any
  Time from;            // submitted then or later
  std::string name_end;
};

/// Reads a reply of slurmctld's side (/slurm/…). Refused where it is no JSON object, or a job in it
/// has no number: nothing can then be said of what is missing.
Result<Reply> read_reply(std::string_view body);

/// The same of slurmdbd's side (/slurmdb/…). Its jobs' exit codes are not known and left 0, because
/// v0.0.38 says "SUCCESS, 0" for every job that ended by itself; signals are told. Whether a job is
/// held is a guess from its last reason, which outlives the hold.
Result<Reply> read_past_reply(std::string_view body, const PastJobs& wanted);

}  // namespace fabrica::sites::slurm
