#include <algorithm>
#include <array>

#include "simulate/drawing.h"

namespace fabrica::simulate {

namespace {

using federation::Partition;
using federation::ProjectId;
using jobs::JobId;
using jobs::JobRequest;

Duration drawn_limit(Random& random) {
  constexpr std::array limits{minutes(5), minutes(30), hours(1), hours(4), hours(12), hours(48)};
  return {limits[random.below(limits.size())].ms + random.between(0, 60'000)};
}

std::uint32_t upto(Random& random, std::uint64_t most) {
  return static_cast<std::uint32_t>(
      random.between(1, static_cast<std::int64_t>(std::clamp<std::uint64_t>(most, 1, 1'000'000))));
}

std::vector<std::uint32_t> drawn_array(Random& random) {
  std::vector<std::uint32_t> array;
  std::uint32_t number = static_cast<std::uint32_t>(random.below(3));
  const std::uint64_t size = 1 + random.below(random.chance(1, 8) ? 40 : 8);
  for (std::uint64_t i = 0; i < size; ++i) {
    array.push_back(number);
    number += 1 + static_cast<std::uint32_t>(random.below(3));
  }
  return array;
}

// On late jobs of the same project more often than not, now and then twice on the same one.
std::vector<jobs::Dependency> drawn_dependencies(Drawing& d, ProjectId project) {
  std::vector<JobId> mine;
  const std::uint64_t last = d.state.jobs.last_job;
  for (std::uint64_t number = last > 40 ? last - 40 : 1; number <= last; ++number) {
    const jobs::Job* job = d.state.jobs.jobs.find(JobId{number});
    if (job == nullptr || job->project != project) continue;
    if (job->phase != jobs::JobPhase::ended || d.random.chance(1, 12))
      mine.push_back(JobId{number});
  }
  std::vector<jobs::Dependency> dependencies;
  for (std::uint64_t i = 0; i < 1 + d.random.below(3); ++i) {
    const auto kind = static_cast<jobs::DependencyKind>(d.random.below(4));
    const bool stranger = mine.empty() ? d.random.chance(1, 8) : d.random.chance(1, 40);
    if (stranger)
      dependencies.push_back({kind, d.recent<JobId>(last, 12)});
    else if (!mine.empty())
      dependencies.push_back({kind, d.one_of(mine)});
  }
  return dependencies;
}

// What fits `partition` more often than not.
JobRequest drawn_request(Drawing& d, ProjectId project, const Partition& partition) {
  Random& random = d.random;
  JobRequest request;
  request.name = "train";
  request.nodes = random.chance(2, 3) ? 1 : upto(random, partition.nodes);
  request.cpus_per_node = upto(random, random.chance(1, 2) ? 8 : partition.cores_per_node);
  request.tasks = request.nodes;
  if (partition.gpus_per_node_scheduled > 0 && !random.chance(1, 10)) {
    request.gpus_per_node = upto(random, partition.gpus_per_node_scheduled);
    if (random.chance(1, 3)) request.gpu_kind = partition.gpu_kind.substr(0, 1);
  }
  if (random.chance(1, 3))
    request.memory_mib_per_node = upto(random, partition.memory_mib_per_node / 2);
  request.whole_nodes = random.chance(1, 12);
  request.time_limit = drawn_limit(random);
  if (random.chance(1, 5)) request.array = drawn_array(random);
  if (random.chance(1, 2)) request.array_at_once = static_cast<std::uint32_t>(random.below(5));
  if (d.state.jobs.last_job > 0 && random.chance(1, 3))
    request.dependencies = drawn_dependencies(d, project);
  if (random.chance(1, 40)) request.cpus_per_node = 100'000;
  return request;
}

// What most partitions of one kind can take.
JobRequest modest_request(Drawing& d, const Partition& partition) {
  JobRequest request;
  request.name = "try";
  request.gpus_per_node = std::min<std::uint32_t>(1, partition.gpus_per_node_scheduled);
  request.time_limit = drawn_limit(d.random);
  return request;
}

// The accounts of awards that can pay for jobs now.
std::vector<const ledger::Account*> open_accounts(Drawing& d) {
  std::vector<const ledger::Account*> open;
  for (const auto& [project, accounts] : d.state.ledger.of_project) {
    for (const ledger::AccountId id : accounts) {
      const ledger::Account& account = d.state.ledger.accounts.at(id);
      if (!account.closed && !account.locked) open.push_back(&account);
    }
  }
  return open;
}

Wish submit_job(Drawing& d) {
  jobs::SubmitJob command;
  command.project = d.any<ProjectId>(d.state.federation.last_project);
  auto partition = d.any<federation::PartitionId>(d.state.federation.last_partition);
  const std::vector<const ledger::Account*> open = open_accounts(d);
  Duration all_there_is;
  if (!open.empty() && !d.random.chance(1, 20)) {
    const ledger::Account& account = *d.one_of(open);
    command.project = account.project;
    partition = account.partition;
    all_there_is = std::min(milliseconds(account.available().unit_ms()), days(30));
  }
  const Partition* shape = d.state.federation.partitions.find(partition);
  JobRequest request;
  if (shape != nullptr && d.random.chance(1, 5)) {
    request = modest_request(d, *shape);
    // Now and then nothing is left for another run of it.
    if (all_there_is > Duration{} && d.random.chance(1, 4)) {
      request.time_limit = all_there_is;
      request.partition = partition;
    }
  } else {
    request = drawn_request(d, command.project, shape == nullptr ? Partition{} : *shape);
    if (d.random.chance(1, 3)) request.partition = partition;
    if (shape != nullptr && d.random.chance(1, 3)) request.site = shape->site;
  }
  Document script = drawn_document(d.random);
  request.script = script.hash;
  command.request = std::move(request);
  return {d.member_of(command.project), Command{jobs::Command{command}}, {std::move(script)}};
}

Wish cancel_job(Drawing& d) {
  JobId id = d.recent<JobId>(d.state.jobs.last_job, 15);
  for (int tried = 0; tried < 8 && !d.random.chance(1, 8); ++tried) {
    const jobs::Job* job = d.state.jobs.jobs.find(id);
    if (job != nullptr && job->phase != jobs::JobPhase::ended && !job->cancel_requested) break;
    id = d.recent<JobId>(d.state.jobs.last_job, 30);
  }
  const jobs::Job* job = d.state.jobs.jobs.find(id);
  PersonId actor = d.anyone();
  if (job != nullptr)
    actor = d.random.chance(1, 3) ? d.operator_of(job->site) : d.member_of(job->project);
  return {actor, Command{jobs::Command{jobs::CancelJob{id}}}, {}};
}

// Somebody who is no site says what a site would say.
Wish forge_report(Drawing& d) {
  const JobId id = d.recent<JobId>(d.state.jobs.last_job, 15);
  const jobs::Job* job = d.state.jobs.jobs.find(id);
  jobs::SiteEnded report;
  report.job = id;
  report.started = d.now - hours(1);
  report.ended = d.now;
  const federation::SiteId site = job == nullptr ? federation::SiteId{1} : job->site;
  const PersonId actor{1 +
                       d.random.below(std::max<std::uint64_t>(1, d.state.federation.last_person))};
  return {actor, Command{jobs::Command{jobs::ReportFromSite{site, report}}}, {}};
}

Wish mend_accounts(Drawing& d) {
  const auto site = d.any<federation::SiteId>(d.state.federation.last_site);
  return {d.operator_of(site), Command{jobs::Command{jobs::MendAccounts{site}}}, {}};
}

}  // namespace

std::vector<Choice> jobs_choices() {
  return {{48, submit_job}, {7, cancel_job}, {2, forge_report}, {1, mend_accounts}};
}

}  // namespace fabrica::simulate
