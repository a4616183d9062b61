#pragma once

#include <span>
#include <string_view>

#include "jobs/types.h"
#include "sites/slurm/cluster.h"

namespace fabrica::sites::slurm {

struct StateSeen {
  ClusterState state = ClusterState::strange;
  bool held = false;
};

/// What a job's state words say together: its state and the flags beside it, in any order. Before
/// v0.0.40 there is one word, and a flag hides the state. A job that is still being cleaned up
/// (COMPLETING) runs, one that will be tried again (REQUEUED) is pending. Words that are not known
/// count for nothing beside one that is.
StateSeen state_of(std::span<const std::string_view> words);

/// How a job, or a run of one, came to its end that is in this state. What its site took from it
/// (a node that failed, preemption) is lost.
jobs::Outcome outcome_of(ClusterState state);

}  // namespace fabrica::sites::slurm
