#include "simulate/population.h"

#include <fmt/core.h>

#include <array>
#include <string>
#include <utility>

namespace fabrica::simulate {

namespace {

using federation::Partition;
using federation::PartitionId;
using federation::Role;
using federation::SiteId;
using federation::SystemId;

constexpr PersonId administrator{1};
constexpr std::uint64_t leads = 6;

Partition gpu_partition(Random& random) {
  Partition partition;
  partition.unit = Unit::gpu;
  partition.nodes = static_cast<std::uint32_t>(random.between(2, 6));
  partition.gpus_per_node_billed = 4;
  partition.gpus_per_node_scheduled = random.chance(1, 2) ? 8 : 4;
  partition.gpu_kind = "a100";
  partition.cores_per_node = 56;
  partition.memory_mib_per_node = 524'288;
  return partition;
}

Partition core_partition(Random& random) {
  Partition partition;
  partition.unit = Unit::core;
  partition.nodes = static_cast<std::uint32_t>(random.between(2, 8));
  partition.cores_per_node = 128;
  partition.memory_mib_per_node = 262'144;
  return partition;
}

Partition node_partition(Random& random) {
  Partition partition;
  partition.unit = Unit::node;
  partition.nodes = static_cast<std::uint32_t>(random.between(2, 6));
  partition.gpus_per_node_billed = 4;
  partition.gpus_per_node_scheduled = 4;
  partition.gpu_kind = "h100";
  partition.cores_per_node = 112;
  partition.memory_mib_per_node = 0;  // unknown
  partition.whole_nodes = true;
  return partition;
}

class Population {
 public:
  explicit Population(Random& random) : random_(random) {}

  std::vector<Wish> all() {
    countries();
    // The first person of a fresh log is registered by the system itself.
    add(PersonId{}, federation::Command{federation::RegisterPerson{{}, {Role::administrator}, {}}});
    const std::uint64_t site_count = 2 + random_.below(2);
    for (std::uint64_t i = 1; i <= site_count; ++i) site(SiteId{i});
    staff(site_count);
    applicants();
    money();
    awards();
    return std::move(wishes_);
  }

 private:
  template <class C>
  void add(PersonId actor, C command) {
    wishes_.push_back({actor, Command{std::move(command)}, {}});
  }

  void countries() {
    for (const auto& [code, name] : {std::pair("LU", "Luxembourg"), std::pair("FI", "Finland"),
                                     std::pair("GR", "Greece"), std::pair("TR", "Türkiye")}) {
      const auto role = std::string_view(code) == "TR"
                            ? federation::CountryRole::participating_state
                            : federation::CountryRole::member_state;
      add(PersonId{},
          federation::Command{federation::RegisterCountry{{code, name, role, "simulated"}}});
    }
  }

  void site(SiteId id) {
    federation::Site site;
    site.slug = fmt::format("site-{}", id.value);
    site.name = fmt::format("Site {}", id.value);
    site.country = "LU";
    site.connection = federation::Connection::simulated;
    site.keeps_accounts = random_.chance(1, 2);
    add(administrator, federation::Command{federation::RegisterSite{site}});
    federation::System system;
    system.slug = fmt::format("system-{}", id.value);
    system.name = site.name;
    system.site = id;
    add(administrator, federation::Command{federation::RegisterSystem{system}});
    const SystemId system_id{id.value};
    partition(id, system_id, gpu_partition(random_));
    if (id.value == 1 || random_.chance(1, 2)) partition(id, system_id, core_partition(random_));
    if (id.value == 2 || random_.chance(1, 3)) partition(id, system_id, node_partition(random_));
  }

  void partition(SiteId site, SystemId system, Partition partition) {
    partitions_.push_back(PartitionId{partitions_.size() + 1});
    partition.slug = fmt::format("partition-{}", partitions_.size());
    partition.name = partition.slug;
    partition.site = site;
    partition.system = system;
    if (random_.chance(1, 3)) partition.time_limit_ms_max = days(3).ms;
    shapes_.push_back(partition);
    add(administrator, federation::Command{federation::RegisterPartition{partition}});
  }

  void staff(std::uint64_t sites) {
    person({}, {Role::call_officer}, {});
    person({}, {Role::reviewer}, {});
    person({}, {Role::auditor}, {});
    for (std::uint64_t i = 1; i <= sites; ++i) person({}, {Role::site_operator}, {SiteId{i}});
  }

  PersonId person(federation::OrganisationId organisation, std::vector<Role> roles,
                  std::vector<SiteId> operates) {
    last_person_ += 1;
    add(administrator, federation::Command{federation::RegisterPerson{
                           organisation, std::move(roles), std::move(operates)}});
    return PersonId{last_person_};
  }

  void applicants() {
    constexpr std::array kinds{
        federation::OrganisationKind::start_up, federation::OrganisationKind::sme,
        federation::OrganisationKind::research, federation::OrganisationKind::large_company};
    for (std::uint64_t i = 1; i <= leads; ++i) {
      const std::string country = i % 3 == 0 ? "FI" : (i % 5 == 0 ? "US" : "GR");
      const auto kind = kinds[random_.below(kinds.size())];
      add(administrator, federation::Command{federation::RegisterOrganisation{
                             {fmt::format("Organisation {}", i), country, kind}}});
      const federation::OrganisationId organisation{i};
      const PersonId lead = person(organisation, {}, {});
      leads_.push_back(lead);
      const PersonId member = person(organisation, {}, {});
      add(lead,
          federation::Command{federation::OpenProject{fmt::format("Project {}", i), organisation}});
      add(lead, federation::Command{federation::AddMember{federation::ProjectId{i}, member}});
    }
  }

  void money() {
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      const std::int64_t cores = shapes_[i].unit == Unit::core ? 32 : 1;
      const auto amount = compute_time(cores * random_.between(2'500, 60'000), hours(1));
      add(administrator,
          ledger::Command{ledger::AddCapacity{partitions_[i], *amount, "first year"}});
    }
    add(administrator, calls::Command{calls::RegisterMode{strict_mode()}});
    add(administrator, calls::Command{calls::RegisterMode{open_mode()}});
    add(administrator,
        calls::Command{calls::OpenCall{calls::ModeId{1}, "Strict call", partitions_, never}});
    add(administrator,
        calls::Command{calls::OpenCall{calls::ModeId{2}, "Open call", partitions_, never}});
  }

  // Half of the projects begin with an award, so that jobs can run from the first day; the first
  // has one everywhere, so that its jobs can move.
  void awards() {
    for (std::uint64_t i = 1; i <= leads / 2; ++i)
      award(federation::ProjectId{i}, random_.below(partitions_.size()), 800);
    for (std::size_t place = 0; place < partitions_.size(); ++place)
      award(federation::ProjectId{1}, place, 100);
  }

  void award(federation::ProjectId project, std::size_t place, std::int64_t unit_hours) {
    const PersonId officer{2};
    const PersonId lead = leads_[project.value - 1];
    last_award_ += 1;
    calls::Application application;
    application.title = "First award";
    application.partition = partitions_[place];
    application.amount =
        *compute_time((shapes_[place].unit == Unit::core ? 32 : 1) * unit_hours, hours(1));
    application.months = static_cast<std::uint32_t>(random_.between(1, 2));
    add(lead, calls::Command{calls::SubmitProposal{calls::CallId{2}, project, application}});
    add(officer, calls::Command{calls::AssessProposal{calls::ProposalId{last_award_}, true, ""}});
    add(officer, calls::Command{calls::GrantAward{calls::ProposalId{last_award_}}});
    add(lead, calls::Command{calls::AnswerAward{calls::AwardId{last_award_}, true}});
  }

  Random& random_;
  std::vector<Wish> wishes_;
  std::vector<PersonId> leads_;
  std::vector<PartitionId> partitions_;
  std::vector<Partition> shapes_;
  std::uint64_t last_person_ = 1;
  std::uint64_t last_award_ = 0;
};

}  // namespace

std::vector<Wish> population(Random& random) { return Population(random).all(); }

calls::AccessMode strict_mode() {
  calls::AccessMode mode;
  mode.slug = "strict";
  mode.name = "Strict access";
  mode.steps = {calls::Step::eligibility, calls::Step::technical_check};
  mode.eligibility = {{"organisation_kind", {"start_up", "sme"}, "Only small companies may apply."},
                      {"seat", {"LU", "FI", "GR"}, "The seat must be in a member state."},
                      {"size_within", {}, "The amount is outside the mode's bounds."},
                      {"duration_allowed", {}, "Choose one to three months."},
                      {"partition_offered", {}, "The call does not offer this partition."},
                      {"civil_use", {}, "Only civil use is allowed."},
                      {"open_research", {}, "Declare open research and development."},
                      {"one_live_award", {}, "One award at a time."}};
  for (const Unit unit : {Unit::gpu, Unit::node, Unit::core}) {
    mode.sizes.push_back({unit, *compute_time(1, hours(1)), *compute_time(200'000, hours(1))});
  }
  mode.months = {1, 2, 3};
  mode.days_to_accept = 7;
  return mode;
}

calls::AccessMode open_mode() {
  calls::AccessMode mode;
  mode.slug = "open";
  mode.name = "Open access";
  mode.steps = {calls::Step::eligibility, calls::Step::technical_check};
  mode.months = {1};
  mode.days_to_accept = 3;
  return mode;
}

}  // namespace fabrica::simulate
