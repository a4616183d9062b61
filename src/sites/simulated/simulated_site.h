#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "sites/simulated/fate.h"
#include "sites/simulated/machines.h"
#include "sites/simulated/virtual_site.h"

namespace fabrica::sites::simulated {

/// A site of virtual machines with a queue of its own: first in, first out per partition, first fit
/// on its nodes; the tasks of an array one by one within the array's limit. Tasks run for a virtual
/// time and end as drawn from the seed. It keeps honest state: it takes each (job, attempt) once,
/// however often it is told, and never starts what it was told to stop.
class SimulatedSite : public VirtualSite {
 public:
  SimulatedSite(std::uint64_t seed, std::span<const VirtualPartition> partitions);

  /// Reaches the site at the next hear().
  void tell(const jobs::SiteRequest& request) override;

  /// Lets everything happen up to `now`, each thing at its own time. Says again what is not
  /// acknowledged, oldest first, at most limits::group_commands_max reports. A `now` before an
  /// earlier one counts as that.
  std::vector<jobs::Report> hear(Time now) override;

  void acknowledge(std::span<const jobs::Report> reports) override;

  std::optional<Time> next_event() const override;

  /// Takes over the jobs that State knows to be queued or running at `site`, for a driver that
  /// starts anew: running tasks go on as they began. Needs a site that was told nothing yet.
  void adopt(const jobs::State& state, federation::SiteId site);

  /// Calls `onlooker` whenever a task really starts.
  void watch(std::function<void(TaskName)> onlooker) { onlooker_ = std::move(onlooker); }

  /// How often the site was asked to start and to stop a job. It remembers that for ever, as it
  /// must: a request that comes late must find what was done.
  struct Asked {
    std::uint64_t starts = 0;
    std::uint64_t stops = 0;
    bool taken = false;    // it went into the queue, or was refused there
    bool stopped = false;  // it was stopped before it came
  };
  Asked asked(jobs::JobId job, std::uint32_t attempt) const;

  /// Starts that came after their stop and were not done.
  std::uint64_t starts_after_stop() const { return starts_after_stop_; }
  /// How often an array's own limit kept its next task waiting.
  std::uint64_t held_back_by_array() const { return held_back_by_array_; }

 private:
  struct Key {
    jobs::JobId job;
    std::uint32_t attempt = 1;
    friend constexpr auto operator<=>(const Key&, const Key&) = default;
  };
  enum class Phase : std::uint8_t { queued, running, ended };
  struct VirtualTask {
    Phase phase = Phase::queued;
    Time started;
    Time ends;
    Fate fate;
    std::vector<std::uint32_t> nodes;
  };
  struct VirtualJob {
    Shared<jobs::JobRequest> request;
    std::size_t partition = 0;  // place in partitions_
    std::size_t next = 0;       // the first task that is queued
    std::size_t running = 0;
    std::size_t left = 0;  // tasks that have not ended
    std::vector<VirtualTask> tasks;
  };
  struct VirtualQueue {
    federation::PartitionId id;
    Machines machines;
    std::deque<Key> queue;
  };
  struct Ending {
    Time at;
    Key key;
    std::uint32_t task = 0;
    friend constexpr auto operator<=>(const Ending&, const Ending&) = default;
  };

  void take(const jobs::StartJob& request);
  bool has_begun(const Key& key) const;
  void take(const jobs::StopJob& request);
  // Never asked: this site leaves nothing unknown and holds nothing back.
  void take(const jobs::FindJob& /*request*/) {}
  void take(const jobs::ReleaseJob& /*request*/) {}
  void take(const jobs::KeepAccount& request);
  void start_what_fits(VirtualQueue& queue, Time at);
  static void find_next(VirtualJob& job);
  bool start_tasks(VirtualQueue& queue, const Key& key, VirtualJob& job, Time at);
  void start_task(const Key& key, VirtualJob& job, std::uint32_t index, Time at,
                  std::vector<std::uint32_t> nodes);
  void end_running(const Ending& ending);
  void end_task(const Key& key, VirtualJob& job, std::uint32_t index, Time at);
  void report_never_started(const Key& key, std::uint32_t task, jobs::Outcome outcome, Time at,
                            std::string text);
  void adopt_job(jobs::JobId id, const jobs::Job& job);
  std::size_t place_of(federation::PartitionId partition) const;

  std::uint64_t seed_;
  std::vector<VirtualQueue> partitions_;
  std::function<void(TaskName)> onlooker_;
  Time now_;
  std::deque<jobs::SiteRequest> arrivals_;
  std::map<Key, VirtualJob> jobs_;  // with tasks that have not ended
  std::map<Key, Asked> asked_;
  std::set<Ending> endings_;
  std::deque<jobs::Report> unacknowledged_;
  std::uint64_t last_reference_ = 0;
  std::uint64_t starts_after_stop_ = 0;
  std::uint64_t held_back_by_array_ = 0;
};

}  // namespace fabrica::sites::simulated
