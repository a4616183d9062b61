#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jobs/types.h"

namespace fabrica::jobs {

/// One partition that could take the job, and what it would cost there.
struct Offer {
  PartitionId partition;
  SiteId site;
  AccountId account;
  Rational units;  // billed units that one task occupies
  ComputeTime hold_per_task;
  ComputeTime cost;               // the whole job's hold, all tasks for the whole limit
  ComputeTime balance_after;      // left to spend when the hold stands
  ComputeTime work;               // what live jobs hold on the partition
  std::uint64_t units_total = 0;  // billed units of the partition; zero when unknown
};

struct PlacementQuestion {
  const JobRequest& request;
  const std::vector<Offer>& offers;  // not empty, in the order of the project's accounts
};

struct PlacementAnswer {
  std::size_t chosen = 0;  // place among the offers
  std::string reasons;
  bool tentative = false;  // the job waits with us until a PlaceJob says where it goes
};

/// A pure rule that chooses among offers.
using PlacementRule = PlacementAnswer (*)(const PlacementQuestion& question);

/// How a task ended that was charged for what it ran, and did not complete.
struct RefundQuestion {
  Outcome outcome = Outcome::none;
  federation::Connection connection = federation::Connection::none;  // of its site
};

/// A pure rule that says whether the charge is given back.
using RefundRule = bool (*)(const RefundQuestion& question);

/// A job that has not begun, at a site that takes no jobs any more.
struct MoveQuestion {
  const JobRequest& request;
  bool silent = false;  // the site does not answer; otherwise it was drained
};

/// A pure rule that says whether the job may be moved to another site.
using MoveRule = bool (*)(const MoveQuestion& question);

struct Policies {
  std::string_view placement_name;
  PlacementRule placement = nullptr;
  std::string_view refund_name;
  RefundRule refund = nullptr;
  std::string_view move_name;
  MoveRule move = nullptr;
};

}  // namespace fabrica::jobs
