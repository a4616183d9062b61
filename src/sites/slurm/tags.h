#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jobs/types.h"
#include "sites/slurm/cluster.h"

/// How a job of ours is known at a cluster whatever its id: by a tag in its comment, and at the end
/// of its name, because slurmdbd learns the comment only at the end and some sites rewrite it.
namespace fabrica::sites::slurm {

/// One submission of a job. A later attempt is another tag, so that a late copy of an earlier one
/// is seen for what it is.
struct Tag {
  jobs::JobId job;
  std::uint32_t attempt = 1;

  friend constexpr auto operator<=>(const Tag&, const Tag&) = default;
};

/// "fab:<installation>.<job>.<attempt>". `installation`: letters and digits, the same for all jobs
/// of one Fabrica and no other's.
std::string tag_text(std::string_view installation, const Tag& tag);

/// The job's name with the tag at its end, at most limits::name_bytes_max bytes: the name is cut,
/// the tag never.
std::string name_with_tag(std::string_view name, std::string_view installation, const Tag& tag);

/// The tag that this installation gave the job, from its comment or else its name.
std::optional<Tag> tag_of(const ClusterJob& job, std::string_view installation);

}  // namespace fabrica::sites::slurm
