#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "forecast/schedule.h"

namespace fabrica::simulate {

/// The machines of a run and by which rules they take jobs.
struct Machines {
  std::vector<std::int32_t> widths;  // never empty
  std::string placement = {};        // over them; empty: there is one machine
  bool whole = false;                // the whole product places, and placement is a rule of its
  forecast::Machine machine = {};    // rules of the one machine; its width is widths[0]
};

/// "easy, default order", or the name of the placement.
std::string rules_text(const Machines& machines);

struct MadeSchedule {
  std::vector<Time> starts;          // by job
  std::vector<std::uint32_t> sites;  // by job, from 0; empty: there is one machine
  std::size_t waiting_max = 0;
  Digest digest;
  std::uint64_t events = 0;  // in the log of the whole product
  std::vector<forecast::LostRun> lost = {};
};

/// The schedule of jobs as forecast::schedule() takes them: by the mathematics alone, where the
/// placement is one of forecast::Placement, or by the whole product, which may refuse (see
/// whole.h).
Result<MadeSchedule> make_schedule(const Machines& machines, std::span<const forecast::Job> jobs);

}  // namespace fabrica::simulate
