#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "federation/types.h"
#include "kernel/engine.h"

namespace fabrica::simulate {

/// Who is there before the first job: sites of whole nodes, and projects with awards at each.
struct WholeWorld {
  struct Member {
    federation::PersonId person;
    federation::ProjectId project;
  };
  std::vector<federation::PartitionId> partitions;  // in the order of the sites
  std::vector<federation::SiteId> sites;
  std::map<std::uint32_t, Member> members;  // by user
};

/// Makes it in an Engine that has nothing yet. Every command must be taken.
WholeWorld make_whole_world(Engine& engine, Time now, std::span<const std::int32_t> nodes,
                            std::span<const std::uint32_t> users);

}  // namespace fabrica::simulate
