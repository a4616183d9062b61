#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "simulate/arrivals.h"

namespace fabrica::simulate {

/// The workload model of classic parallel machines of Lublin and Feitelson ("The workload on
/// parallel supercomputers: modeling the characteristics of rigid jobs", JPDC 63, 2003), with batch
/// and interactive jobs. Its parameters and rules are those of the authors' own program for it
/// (m_lublin99.c of the Parallel Workloads Archive): sizes two-stage uniform in their logarithm,
/// run times hyper-gamma in theirs and longer for wide jobs, gaps between arrivals gamma in theirs,
/// with a daily cycle by a gamma distribution, which is left to lublin_cycle().
class LublinModel {
 public:
  /// The model is of a machine 128 wide; for another one sizes are shifted by the logarithm of the
  /// ratio. 8 <= width <= 2^24.
  LublinModel(std::int32_t width, Random random);

  enum class Type : std::uint8_t { interactive, batch };
  struct Drawn {
    std::int64_t even_ms = 0;  // when it comes, were all hours alike
    std::int64_t run_s = 0;
    std::int32_t width = 0;
    Type type = Type::batch;
  };
  /// The next job; times never fall.
  Drawn next();

 private:
  void move_on(Type type);
  std::int32_t draw_width(Type type);
  std::int64_t draw_run_s(Type type, std::int32_t width);

  Random random_;
  std::int32_t width_;
  std::array<std::int64_t, 2> next_ms_{};  // when the next one of each type comes
};

/// The day of a type of job; or its week, where `days` are seven weights.
Cycle lublin_cycle(LublinModel::Type type, const std::vector<std::uint32_t>& days);

/// The weights of the 48 half hours of a day, from midnight on, of a type of job; their mean is
/// not 1.
std::vector<Fixed> lublin_half_hours(LublinModel::Type type);

}  // namespace fabrica::simulate
