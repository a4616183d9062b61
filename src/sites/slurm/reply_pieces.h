#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fabrica::sites::slurm {

/// A reply with its jobs taken out: a cluster with many of them answers with more than one JSON
/// document may hold here, and none of its jobs comes near that.
struct ReplyPieces {
  std::string envelope;                // the reply with an empty array "jobs"
  std::vector<std::string_view> jobs;  // of the reply's text, each to be read by itself
  bool has_jobs = false;
};

/// Takes a JSON object apart at its first member "jobs". Nothing where it is none, or has more than
/// `jobs_max` entries there. Brackets and commas are all that is looked at: each piece may still
/// turn out to be no JSON.
std::optional<ReplyPieces> take_apart(std::string_view reply, std::size_t jobs_max);

}  // namespace fabrica::sites::slurm
