#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"

namespace fabrica::sbatch {

/// One generic resource of a --gres list: "gpu:a100:4".
struct Gres {
  std::string name;
  std::string type;  // empty: any
  std::uint64_t count = 1;

  friend bool operator==(const Gres&, const Gres&) = default;
};
FABRICA_DESCRIBE(Gres, name, type, count)

/// A comma list of name[[:type]:count], where a count may carry k, m, g, t or p (powers of 1024)
/// and is 1 when left out. "none" is the empty list. As in Slurm the last word is a count when it
/// is a number and a type otherwise: "gpu:a100" is one A100.
Result<std::vector<Gres>> parse_gres(std::string_view text);

/// One part of --gpus, --gpus-per-node, --gpus-per-task or --gpus-per-socket.
struct GpuCount {
  std::string type;  // empty: any
  std::uint32_t count = 0;

  friend bool operator==(const GpuCount&, const GpuCount&) = default;
};
FABRICA_DESCRIBE(GpuCount, type, count)

/// "4", "a100:4", "a100" (one), or a comma list with different types. Stricter than Slurm: the same
/// type twice and the word "gpu" as a type are refused, for what Slurm makes of them is meant by
/// nobody.
Result<std::vector<GpuCount>> parse_gpus(std::string_view text);

}  // namespace fabrica::sbatch
