#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "placement/dispatcher.h"
#include "unit/support/world.h"

/// Sites of whole nodes, a kernel and the dispatcher beside it: what is placed begins at once, as
/// at a site that has room.
namespace fabrica::test {

class FleetOfSites {
 public:
  explicit FleetOfSites(const std::vector<std::int32_t>& nodes,
                        placement::Dispatcher::Options options = {}) {
    using namespace federation;
    world.policies = policies::defaults();
    dispatcher = placement::Dispatcher(options);
    for (std::size_t i = 0; i < nodes.size(); ++i)
      add_site(i, static_cast<std::uint32_t>(nodes[i]));
    hear();
  }

  /// A job for so many whole nodes; its number, or the refusal's name.
  std::string submit(PersonId who, std::uint32_t nodes, Duration limit, PartitionId only = {}) {
    JobRequest request;
    request.name = "job";
    request.nodes = nodes;
    request.tasks = nodes;
    request.time_limit = limit;
    request.partition = only;
    const std::string answer = world.ask(who, jobs::SubmitJob{project, request});
    hear();
    return answer;
  }

  /// Places what can be; what begins so, by job.
  std::map<JobId, PartitionId> place() {
    std::map<JobId, PartitionId> begun;
    for (const jobs::PlaceJob& chosen : dispatcher.place(world.state, world.now)) {
      const auto events = world.decide_only(the_system, chosen);
      if (!events) {
        dispatcher.refused(chosen.job);
        continue;
      }
      world.apply_all(the_system, *events);
      begun[chosen.job] = chosen.partition;
      last_reasons = chosen.reasons;
    }
    hear();
    return begun;
  }

  void begin(JobId id) {
    world.must(the_system, started(id, world.now, 0, world.job(id).site));
    hear();
  }

  void end(JobId id) {
    const jobs::Job& job = world.job(id);
    world.must(the_system,
               jobs::ReportFromSite{job.site, ended_report(id, job.tasks[0].started, world.now,
                                                           jobs::Outcome::completed)});
    hear();
  }

  void tell(PersonId who, const Command& command) {
    world.must(who, command);
    hear();
  }

  World world = consortium();
  placement::Dispatcher dispatcher;
  std::vector<PartitionId> partitions;  // in the order of the sites
  std::vector<SiteId> sites;
  std::string last_reasons;

 private:
  void add_site(std::size_t number, std::uint32_t nodes) {
    using namespace federation;
    const std::string slug = fmt::format("site-{}", number);
    world.must(the_system, RegisterSite{site_of(slug, Connection::simulated)});
    const SiteId site{world.state.federation.last_site};
    world.must(the_system, RegisterSystem{system_of(slug, site)});
    Partition partition =
        partition_of(slug, site, SystemId{world.state.federation.last_system}, Unit::node);
    partition.nodes = nodes;
    partition.time_limit_ms_max = 0;
    world.must(the_system, RegisterPartition{partition});
    const PartitionId id{world.state.federation.last_partition};
    world.must(admin, ledger::AddCapacity{id, unit_hours(10'000'000), "capacity"});
    give_award(world, lead, project, id, unit_hours(5'000'000));
    partitions.push_back(id);
    sites.push_back(site);
  }

  void hear() {
    dispatcher.heard(world.state, std::span(world.log).subspan(told_));
    told_ = world.log.size();
  }

  std::size_t told_ = 0;
};

}  // namespace fabrica::test
