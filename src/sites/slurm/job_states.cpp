#include "sites/slurm/job_states.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fabrica::sites::slurm {

namespace state_words {

// A later kind overrules an earlier one: what the flags add to the state.
enum class Kind : std::uint8_t { base, requeued, held, active };

struct Row {
  std::string_view word;
  Kind kind = Kind::base;
  ClusterState state = ClusterState::strange;
};

constexpr auto rows = std::to_array<Row>({
    {"PENDING", Kind::base, ClusterState::pending},
    {"RUNNING", Kind::base, ClusterState::running},
    {"SUSPENDED", Kind::base, ClusterState::running},
    {"COMPLETED", Kind::base, ClusterState::completed},
    {"CANCELLED", Kind::base, ClusterState::cancelled},
    {"FAILED", Kind::base, ClusterState::failed},
    {"TIMEOUT", Kind::base, ClusterState::timeout},
    {"NODE_FAIL", Kind::base, ClusterState::node_failed},
    {"BOOT_FAIL", Kind::base, ClusterState::node_failed},
    {"PREEMPTED", Kind::base, ClusterState::preempted},
    {"DEADLINE", Kind::base, ClusterState::deadline},
    {"OUT_OF_MEMORY", Kind::base, ClusterState::out_of_memory},
    {"REQUEUED", Kind::requeued, ClusterState::pending},
    {"REQUEUE_FED", Kind::requeued, ClusterState::pending},
    {"REQUEUE_HOLD", Kind::held, ClusterState::pending},
    {"SPECIAL_EXIT", Kind::held, ClusterState::pending},
    {"RESV_DEL_HOLD", Kind::held, ClusterState::pending},
    {"COMPLETING", Kind::active, ClusterState::running},
    {"CONFIGURING", Kind::active, ClusterState::running},
    {"POWER_UP_NODE", Kind::active, ClusterState::running},
    {"RESIZING", Kind::active, ClusterState::running},
    {"SIGNALING", Kind::active, ClusterState::running},
    {"STAGE_OUT", Kind::active, ClusterState::running},
    {"STOPPED", Kind::active, ClusterState::running},
});

const Row* row_of(std::string_view word) {
  // Accounting says "CANCELLED by 1000".
  word = word.substr(0, word.find(' '));
  const auto* const row = std::ranges::find(rows, word, &Row::word);
  return row == rows.end() ? nullptr : row;
}

}  // namespace state_words

StateSeen state_of(std::span<const std::string_view> words) {
  const state_words::Row* strongest = nullptr;
  bool contradiction = false;
  for (const std::string_view word : words) {
    const state_words::Row* const row = state_words::row_of(word);
    if (row == nullptr) continue;
    if (strongest != nullptr && row->kind == state_words::Kind::base &&
        strongest->kind == state_words::Kind::base && row->state != strongest->state) {
      contradiction = true;
    }
    if (strongest == nullptr || row->kind > strongest->kind) strongest = row;
  }
  if (strongest == nullptr || contradiction) return {};
  return {.state = strongest->state, .held = strongest->kind == state_words::Kind::held};
}

jobs::Outcome outcome_of(ClusterState state) {
  switch (state) {
    case ClusterState::completed:
      return jobs::Outcome::completed;
    case ClusterState::timeout:
    case ClusterState::deadline:
      return jobs::Outcome::timeout;
    case ClusterState::cancelled:
    case ClusterState::requeued:
      return jobs::Outcome::cancelled;
    case ClusterState::out_of_memory:
      return jobs::Outcome::out_of_memory;
    case ClusterState::node_failed:
    case ClusterState::preempted:
      return jobs::Outcome::lost;
    case ClusterState::failed:
    case ClusterState::strange:
    case ClusterState::pending:
    case ClusterState::running:
      return jobs::Outcome::failed;
  }
  return jobs::Outcome::failed;
}

}  // namespace fabrica::sites::slurm
