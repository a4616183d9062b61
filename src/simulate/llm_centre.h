#pragma once

#include <cstdint>

#include "base/describe.h"
#include "base/random.h"
#include "simulate/variates.h"

namespace fabrica::simulate {

/// The two clusters of Acme, a centre that trains large language models, whose figures are
/// published with its trace (AcmeTrace, CC-BY-4.0; Hu and others, "Characterization of Large
/// Language Model Development in the Datacenter", NSDI 2024).
enum class LlmCluster : std::uint8_t { kalos, seren };
FABRICA_DESCRIBE_ENUM(LlmCluster, kalos, seren)

/// Makes jobs like those of a centre for large language models, by the published summary alone:
/// each end (completed, cancelled, failed) has its share of the jobs; run times are log-normal with
/// a median by the end and one spread; a job has one GPU, or a power of two up to 1,024, each
/// equally likely. How the parameters follow from the published figures stands beside them. Not in
/// it: that wide jobs run longer, and that a user's jobs are alike; neither is in the summary.
class LlmCentre {
 public:
  /// Jobs arrive at random, so far apart on average: above 0 and below 2^24 s.
  LlmCentre(LlmCluster cluster, std::int64_t gap_mean_ms, Random random);

  enum class End : std::uint8_t { completed, cancelled, failed, unknown };
  struct Drawn {
    std::int64_t even_ms = 0;  // when it comes, were all hours alike
    std::int64_t run_s = 0;
    std::int32_t gpus = 0;
    End end = End::unknown;
  };
  /// The next job; times never fall.
  Drawn next();

 private:
  LlmCluster cluster_;
  Fixed gap_mean_s_;
  Random random_;
  std::int64_t now_ms_ = 0;
};

/// How far apart jobs come where nothing else is said: 184 days over the published number of jobs.
std::int64_t published_gap_mean_ms(LlmCluster cluster);

}  // namespace fabrica::simulate
