#include "federation/decide.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace federation;

using List = std::vector<std::string>;

const std::string too_long(limits::name_bytes_max + 1, 'x');
const std::string no_end(limits::text_bytes_max + 1, 'x');
const Site north_site = site_of("north", Connection::local);
const Partition north_gpu = partition_of("north-gpu", north, north_system, Unit::gpu);
const Country portugal{"PT", "Portugal", CountryRole::member_state, "a source"};

TEST(Decide, Countries) {
  World world = consortium();
  const auto country = [](std::string code, std::string name) {
    return RegisterCountry{
        {std::move(code), std::move(name), CountryRole::participating_state, ""}};
  };
  check(world, {{"people register no countries", lead, country("FI", "Finland"), "forbidden"},
                {"nor do call officers", officer, country("FI", "Finland"), "forbidden"},
                {"the role is looked at first", lead, country("", ""), "forbidden"},
                {"a code has two letters", admin, country("FIN", "Finland"), "invalid code"},
                {"and not fewer", admin, country("", "Finland"), "invalid code"},
                {"capital ones", admin, country("fi", "Finland"), "invalid code"},
                {"letters, no other bytes", admin, country("\xc3\xa9", "Finland"), "invalid code"},
                {"a country has a name", admin, country("FI", ""), "invalid name"},
                {"on one line", admin, country("FI", "Fin\nland"), "invalid name"},
                {"of a bounded length", admin, country("FI", too_long), "invalid name"},
                {"in UTF-8", admin, country("FI", "Finnl\xe4nd"), "invalid name"},
                {"", admin, country("FI", "Finland"), "CountryRegistered"},
                {"the same facts change nothing", admin, country("FI", "Finland"), "nothing"},
                {"other facts replace them", admin, country("FI", "Suomi"), "CountryRegistered"},
                {"the system may do what an administrator may", the_system,
                 country("CH", "Switzerland"), "CountryRegistered"}});
  EXPECT_EQ(world.state.federation.countries.at("FI").name, "Suomi");
  EXPECT_EQ(world.state.federation.countries.size(), 4U);
}

TEST(Decide, Sites) {
  World world = consortium();
  const Site fresh = site_of("fresh", Connection::slurm);
  check(world,
        {{"needs the administrator", north_operator, RegisterSite{fresh}, "forbidden"},
         {"a slug", admin, RegisterSite{with(fresh, &Site::slug, "")}, "invalid slug"},
         {"in lower case", admin, RegisterSite{with(fresh, &Site::slug, "Fresh")}, "invalid slug"},
         {"without spaces", admin, RegisterSite{with(fresh, &Site::slug, "a b")}, "invalid slug"},
         {"not too long", admin, RegisterSite{with(fresh, &Site::slug, too_long)}, "invalid slug"},
         {"a name", admin, RegisterSite{with(fresh, &Site::name, "")}, "invalid name"},
         {"a known country", admin, RegisterSite{with(fresh, &Site::country, "XX")},
          "invalid country"},
         {"or none", admin, RegisterSite{with(fresh, &Site::country, "")}, "SiteRegistered"},
         {"short texts", admin, RegisterSite{with(fresh, &Site::notes, no_end)}, "invalid notes"},
         {"in UTF-8", admin, RegisterSite{with(fresh, &Site::partners, List{"A", "\xff"})},
          "invalid partners"},
         {"and short lists", admin, RegisterSite{with(fresh, &Site::partners, List(1'001, "A"))},
          "too_many partners"},
         {"the same facts again", admin, RegisterSite{north_site}, "nothing"},
         {"other facts", admin, RegisterSite{with(north_site, &Site::host, "A host")},
          "SiteRegistered"}});
  EXPECT_EQ(world.state.federation.sites.at(north).host, "A host");
  EXPECT_EQ(world.state.federation.site_by_slug.at("fresh"), SiteId{4});
}

TEST(Decide, SitesAreBounded) {
  World world = consortium();
  for (std::size_t i = world.state.federation.sites.size(); i < limits::sites_max; ++i) {
    world.must(admin, RegisterSite{site_of(fmt::format("site-{}", i), Connection::none)});
  }
  check(world, {{"one too many", admin, RegisterSite{site_of("one-more", Connection::none)},
                 "too_many site"},
                {"known ones may change", admin,
                 RegisterSite{with(north_site, &Site::place, "There")}, "SiteRegistered"}});
}

TEST(Decide, Systems) {
  World world = consortium();
  const System fresh = system_of("fresh", north);
  check(world,
        {{"needs the administrator", lead, RegisterSystem{fresh}, "forbidden"},
         {"a slug", admin, RegisterSystem{with(fresh, &System::slug, "")}, "invalid slug"},
         {"a name", admin, RegisterSystem{with(fresh, &System::name, "")}, "invalid name"},
         {"short texts", admin, RegisterSystem{with(fresh, &System::status, no_end)},
          "invalid status"},
         {"a site", admin, RegisterSystem{with(fresh, &System::site, SiteId{})}, "not_found site"},
         {"a known one", admin, RegisterSystem{with(fresh, &System::site, SiteId{99})},
          "not_found site"},
         {"", admin, RegisterSystem{fresh}, "SystemRegistered"},
         {"again", admin, RegisterSystem{fresh}, "nothing"},
         {"other facts", admin, RegisterSystem{with(fresh, &System::status, "planned")},
          "SystemRegistered"}});
  EXPECT_EQ(world.state.federation.systems.at(SystemId{4}).status, "planned");
}

TEST(Decide, Partitions) {
  World world = consortium();
  const Partition fresh = partition_of("fresh", north, north_system, Unit::gpu);
  const Partition cores = partition_of("cores", north, north_system, Unit::core);
  const auto set = [](const Partition& partition, auto member, auto value) {
    return RegisterPartition{with(partition, member, value)};
  };
  check(
      world,
      {{"needs the administrator", north_operator, RegisterPartition{fresh}, "forbidden"},
       {"a slug", admin, set(fresh, &Partition::slug, "no slug"), "invalid slug"},
       {"a name", admin, set(fresh, &Partition::name, ""), "invalid name"},
       {"short texts", admin, set(fresh, &Partition::gpu_kind, no_end), "invalid gpu_kind"},
       {"a site", admin, set(fresh, &Partition::site, SiteId{99}), "not_found site"},
       {"a system", admin, set(fresh, &Partition::system, SystemId{99}), "not_found system"},
       {"that stands at the site", admin, set(fresh, &Partition::system, south_system),
        "invalid system"},
       {"billed by GPU, so how many?", admin, set(fresh, &Partition::gpus_per_node_billed, 0),
        "invalid gpus_per_node_billed"},
       {"both counts or none", admin, set(fresh, &Partition::gpus_per_node_scheduled, 0),
        "invalid gpus_per_node_scheduled"},
       {"also where cores are billed", admin, set(cores, &Partition::gpus_per_node_scheduled, 4),
        "invalid gpus_per_node_scheduled"},
       {"billed by core, so how many?", admin, set(cores, &Partition::cores_per_node, 0),
        "invalid cores_per_node"},
       {"as many nodes as a job may ask for", admin,
        set(fresh, &Partition::nodes, limits::nodes_max + 1), "invalid nodes"},
       {"GPUs within bounds", admin, set(fresh, &Partition::gpus_per_node_billed, 4'000'000'000),
        "invalid gpus_per_node_billed"},
       {"those the scheduler sees too", admin,
        set(fresh, &Partition::gpus_per_node_scheduled, 4'000'000'000),
        "invalid gpus_per_node_scheduled"},
       {"cores within bounds", admin, set(fresh, &Partition::cores_per_node, 4'000'000'000),
        "invalid cores_per_node"},
       {"memory within bounds", admin,
        set(fresh, &Partition::memory_mib_per_node, std::uint64_t{1} << 62U),
        "invalid memory_mib_per_node"},
       {"a time limit is no debt", admin, set(fresh, &Partition::time_limit_ms_max, -1),
        "invalid time_limit_ms_max"},
       {"", admin, RegisterPartition{fresh}, "PartitionRegistered"},
       {"again", admin, RegisterPartition{fresh}, "nothing"},
       {"it grows", admin, set(fresh, &Partition::nodes, 8), "PartitionRegistered"},
       {"what is unknown is zero", admin, set(fresh, &Partition::nodes, 0), "PartitionRegistered"},
       {"its unit stays", admin, set(fresh, &Partition::unit, Unit::node), "conflict unit"}});
  EXPECT_EQ(world.state.federation.partitions.at(PartitionId{6}).unit, Unit::gpu);
}

TEST(Decide, Drain) {
  World world = consortium();
  check(
      world,
      {{"a known site", admin, DrainSite{SiteId{99}, true}, "not_found site"},
       {"not by people", lead, DrainSite{north, true}, "forbidden site"},
       {"not by another site's operator", south_operator, DrainSite{north, true}, "forbidden site"},
       {"its operator", north_operator, DrainSite{north, true}, "SiteDrained EvacuationAdvanced"},
       {"once is enough", north_operator, DrainSite{north, true}, "nothing"},
       {"an administrator for any", admin, DrainSite{south, true},
        "SiteDrained EvacuationAdvanced"}});
  EXPECT_FALSE(takes_jobs(world.state.federation, north));
  check(world, {{"back", north_operator, DrainSite{north, false}, "SiteDrained"},
                {"already back", north_operator, DrainSite{north, false}, "nothing"}});
  EXPECT_TRUE(takes_jobs(world.state.federation, north));
  EXPECT_FALSE(takes_jobs(world.state.federation, south));
  EXPECT_FALSE(takes_jobs(world.state.federation, dark)) << "not connected";
  EXPECT_FALSE(takes_jobs(world.state.federation, SiteId{99}));
}

TEST(Decide, Organisations) {
  World world = consortium();
  const auto organisation = [](std::string name, std::string country) {
    return RegisterOrganisation{{std::move(name), std::move(country), OrganisationKind::sme}};
  };
  check(world,
        {{"somebody we know", nobody, organisation("Firm", "PT"), "not_found actor"},
         {"a name", lead, organisation("", "PT"), "invalid name"},
         {"a seat", lead, organisation("Firm", ""), "invalid country"},
         {"by its code", lead, organisation("Firm", "Portugal"), "invalid country"},
         {"in capital letters", lead, organisation("Firm", "pt"), "invalid country"},
         {"anywhere in the world", lead, organisation("Firm", "JP"), "OrganisationRegistered"},
         {"a name is not unique", rival, organisation("Firm", "JP"), "OrganisationRegistered"}});
  EXPECT_EQ(world.state.federation.last_organisation, 5U);
}

TEST(Decide, People) {
  World world = consortium();
  check(
      world,
      {{"needs the administrator", officer, RegisterPerson{start_up, {}, {}}, "forbidden"},
       {"a short list of roles", admin,
        RegisterPerson{start_up, std::vector(1'001, Role::auditor), {}}, "too_many roles"},
       {"a known organisation", admin, RegisterPerson{OrganisationId{99}, {}, {}},
        "not_found organisation"},
       {"or none", admin, RegisterPerson{OrganisationId{}, {Role::auditor}, {}},
        "PersonRegistered"},
       {"known sites", admin, RegisterPerson{start_up, {Role::site_operator}, {north, SiteId{99}}},
        "not_found operates"},
       {"roles need the administrator", lead, AssignRoles{lead, {Role::administrator}, {}},
        "forbidden"},
       {"a short list of sites", admin, AssignRoles{lead, {}, std::vector(1'001, north)},
        "too_many operates"},
       {"a known person", admin, AssignRoles{nobody, {}, {}}, "not_found person"},
       {"nobody makes the system a person", admin, AssignRoles{the_system, {}, {}},
        "not_found person"},
       {"at known sites", admin, AssignRoles{lead, {Role::site_operator}, {SiteId{99}}},
        "not_found operates"},
       {"", admin, AssignRoles{lead, {Role::site_operator}, {north}}, "RolesAssigned"},
       {"again", admin, AssignRoles{lead, {Role::site_operator}, {north}}, "nothing"},
       {"the new role counts", lead, DrainSite{north, true}, "SiteDrained EvacuationAdvanced"},
       {"there and not elsewhere", lead, DrainSite{south, true}, "forbidden site"},
       {"roles are replaced", admin, AssignRoles{lead, {}, {}}, "RolesAssigned"},
       {"and then gone", lead, DrainSite{north, false}, "forbidden site"}});
}

TEST(Decide, Projects) {
  World world = consortium();
  check(world, {{"a title", lead, OpenProject{"", start_up}, "invalid title"},
                {"a known organisation", lead, OpenProject{"P", OrganisationId{99}},
                 "not_found organisation"},
                {"a person leads", the_system, OpenProject{"P", start_up}, "not_found actor"},
                {"a known one", nobody, OpenProject{"P", start_up}, "not_found actor"},
                {"", rival, OpenProject{"P", university}, "ProjectOpened"},
                {"to a known project", lead, AddMember{ProjectId{99}, rival}, "not_found project"},
                {"by its lead", member, AddMember{project, rival}, "forbidden project"},
                {"a known person", lead, AddMember{project, nobody}, "not_found person"},
                {"the lead belongs already", lead, AddMember{project, lead}, "nothing"},
                {"so does the member", lead, AddMember{project, member}, "nothing"},
                {"", lead, AddMember{project, rival}, "MemberAdded"},
                {"an administrator may too", admin, RemoveMember{project, rival}, "MemberRemoved"},
                {"only the lead may", member, RemoveMember{project, member}, "forbidden project"},
                {"the lead stays", lead, RemoveMember{project, lead}, "conflict person"},
                {"a stranger was no member", lead, RemoveMember{project, nobody}, "nothing"},
                {"", lead, RemoveMember{project, member}, "MemberRemoved"},
                {"once", lead, RemoveMember{project, member}, "nothing"}});
  EXPECT_FALSE(belongs_to(world.state.federation.projects.at(project), member));
  EXPECT_TRUE(belongs_to(world.state.federation.projects.at(project), lead));
}

TEST(Decide, MembersAreBounded) {
  World world = consortium();
  for (std::size_t i = 1; i < limits::members_per_project_max; ++i) {
    world.must(admin, RegisterPerson{start_up, {}, {}});
    world.must(lead, AddMember{project, PersonId{world.state.federation.last_person}});
  }
  check(world, {{"one too many", lead, AddMember{project, rival}, "too_many person"},
                {"one leaves", lead, RemoveMember{project, member}, "MemberRemoved"},
                {"room for one", lead, AddMember{project, rival}, "MemberAdded"}});
}

struct RoleCase {
  PersonId person;
  Role role;
  bool has;
};

TEST(Roles, WhoHasWhich) {
  const World world = consortium();
  for (const RoleCase& one :
       {RoleCase{the_system, Role::auditor, true}, RoleCase{admin, Role::administrator, true},
        RoleCase{admin, Role::reviewer, true}, RoleCase{officer, Role::call_officer, true},
        RoleCase{officer, Role::administrator, false},
        RoleCase{north_operator, Role::site_operator, true}, RoleCase{lead, Role::auditor, false},
        RoleCase{nobody, Role::auditor, false}}) {
    EXPECT_EQ(has_role(world.state.federation, one.person, one.role), one.has)
        << to_string(one.person) << " as " << name_of(one.role);
  }
}

TEST(Roles, OperatorsOperateTheirSite) {
  World world = consortium();
  EXPECT_TRUE(operates(world.state.federation, north_operator, north));
  EXPECT_FALSE(operates(world.state.federation, north_operator, south));
  EXPECT_TRUE(operates(world.state.federation, admin, south));
  EXPECT_TRUE(operates(world.state.federation, the_system, south));
  EXPECT_FALSE(operates(world.state.federation, nobody, south));
  // The list of sites alone gives no right.
  world.must(admin, AssignRoles{north_operator, {Role::auditor}, {north}});
  EXPECT_FALSE(operates(world.state.federation, north_operator, north));
}

}  // namespace
}  // namespace fabrica::test
