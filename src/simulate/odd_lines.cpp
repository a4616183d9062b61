#include "simulate/odd_lines.h"

#include <cstddef>

namespace fabrica::simulate {

std::vector<OddLinesSeen> seen(const OddCounts& counts) {
  std::vector<OddLinesSeen> all;
  for (std::size_t at = 0; at < counts.size(); ++at) {
    const auto oddity = static_cast<traces::Oddity>(at);
    if (counts[at].count == 0) continue;
    all.push_back({std::string(name_of(oddity)), counts[at].count, counts[at].first_line,
                   std::string(traces::handling(oddity))});
  }
  return all;
}

}  // namespace fabrica::simulate
