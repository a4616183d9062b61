#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "sites/slurm/cluster.h"
#include "sites/slurm/rest_api.h"

namespace fabrica::sites::slurm {

inline constexpr std::size_t environment_max = 10'000;  // variables of a job

/// The JSON document that submits a job, as the published schema of the version says. Refused
/// (`invalid`, the field named) where a text or list is over its bound, there is no script, no
/// environment or no working directory (without one the job fails to start), or this version has no
/// way to say something.
///
/// v0.0.38 does otherwise than its schema: it ends itself when it is given arguments, so they go
/// into the script, as a `set --` line of a shell's; and it takes no "B:" before a signal.
Result<std::string> submit_body(const Submission& job, ApiVersion version);

}  // namespace fabrica::sites::slurm
