#include "config/consortium.h"

#include <gtest/gtest.h>

#include "config/own_sites.h"
#include "unit/config/support.h"

namespace fabrica::test {
namespace {

using namespace config;
using federation::Connection;

LoadCounts must_load(Desk& desk, const Consortium& consortium) {
  const auto counts = load(consortium, desk.execute(), desk.look());
  CHECK(counts.has_value(), counts ? "" : counts.error().text);
  return *counts;
}

const federation::Partition& partition_in(const Desk& desk, const std::string& slug) {
  const federation::State& state = desk.engine.state().federation;
  return state.partitions.at(state.partition_by_slug.at(slug));
}

TEST(Consortium, TheShippedFilesLoad) {
  const Consortium consortium = shipped();
  EXPECT_EQ(consortium.gpu_kinds.size(), 5U);
  EXPECT_EQ(consortium.country_groups.size(), 3U);
  Desk desk;
  const LoadCounts counts = must_load(desk, consortium);
  EXPECT_EQ(counts.countries, 17U);
  EXPECT_EQ(counts.sites, 7U);
  EXPECT_EQ(counts.systems, 13U);
  EXPECT_EQ(counts.partitions, 9U);
  EXPECT_EQ(counts.events, 17U + 7U + 13U + 9U);
  EXPECT_EQ(desk.log.records().size(), counts.events);

  const federation::State& state = desk.engine.state().federation;
  std::size_t members = 0;
  for (const auto& [code, country] : state.countries) {
    members += country.role == federation::CountryRole::member_state ? 1 : 0;
    EXPECT_FALSE(country.source.empty()) << code;
  }
  EXPECT_EQ(members, 15U);
  EXPECT_EQ(state.countries.size() - members, 2U);
  EXPECT_EQ(state.sites.size(), 7U);
  state.sites.for_each([](federation::SiteId, const federation::Site& site) {
    EXPECT_EQ(site.connection, Connection::none) << site.slug;
    EXPECT_FALSE(site.source.empty()) << site.slug;
    EXPECT_FALSE(site.date.empty()) << site.slug;
  });
  EXPECT_EQ(broken_invariant(desk.engine.state()), "");
}

TEST(Consortium, AThingKeepsItsFacts) {
  Desk desk;
  must_load(desk, shipped());
  const federation::Partition& lumi = partition_in(desk, "lumi-g");
  EXPECT_EQ(lumi.unit, Unit::gpu);
  EXPECT_EQ(lumi.nodes, 2'978U);
  EXPECT_EQ(lumi.gpus_per_node_billed, 4U);
  EXPECT_EQ(lumi.gpus_per_node_scheduled, 8U);
  EXPECT_EQ(lumi.gpu_kind, "mi250x");
  EXPECT_EQ(lumi.memory_mib_per_node, 512U * 1'024U);
  EXPECT_EQ(lumi.source, "S10 S11");
  const federation::State& state = desk.engine.state().federation;
  EXPECT_EQ(state.systems.at(lumi.system).slug, "lumi");
  EXPECT_EQ(state.sites.at(lumi.site).slug, "lumi");
  EXPECT_EQ(state.sites.at(lumi.site).partners,
            (std::vector<std::string>{"CZ", "DK", "EE", "NO", "PL"}));
  EXPECT_EQ(partition_in(desk, "mn5-gpp").unit, Unit::node);
  EXPECT_EQ(partition_in(desk, "mn5-acc").memory_mib_per_node, 0U) << "unknown stays absent";
}

TEST(Consortium, TheSameFactsAgainChangeNothing) {
  Desk desk;
  must_load(desk, shipped());
  const Digest before = digest(desk.engine.state());
  const std::size_t events = desk.log.records().size();
  const LoadCounts again = must_load(desk, shipped());
  EXPECT_EQ(again.events, 0U);
  EXPECT_EQ(again.sites, 7U);
  EXPECT_EQ(desk.log.records().size(), events);
  EXPECT_EQ(digest(desk.engine.state()), before);
}

TEST(Consortium, AChangedFactReplacesTheOldOne) {
  Desk desk;
  must_load(desk, shipped());
  const federation::PartitionId id =
      desk.engine.state().federation.partition_by_slug.at("meluxina-gpu");
  const DataCopy data;
  data.edit("consortium/partitions.toml", "nodes = 200\n", "nodes = 201\n");
  const auto changed = read_consortium(data.path());
  ASSERT_TRUE(changed) << changed.error().text;
  EXPECT_EQ(must_load(desk, *changed).events, 1U);
  EXPECT_EQ(desk.engine.state().federation.partitions.at(id).nodes, 201U);
}

TEST(Consortium, ASiteCanBeConnected) {
  Consortium consortium = shipped();
  ASSERT_TRUE(connect(consortium, "lumi", Connection::simulated));
  expect_refused(connect(consortium, "lumy", Connection::simulated),
                 {"There is no site \"lumy\". Did you mean \"lumi\"?"}, "an unknown site");
  Desk desk;
  must_load(desk, consortium);
  const federation::State& state = desk.engine.state().federation;
  EXPECT_TRUE(takes_jobs(state, state.site_by_slug.at("lumi")));
  EXPECT_FALSE(takes_jobs(state, state.site_by_slug.at("bsc")));
}

TEST(Consortium, AMistakeIsToldWithItsLine) {
  struct Case {
    std::string_view what;
    std::string file;
    std::string_view old_part;
    std::string_view part;
    std::initializer_list<std::string_view> parts;
    std::source_location where = std::source_location::current();
  };
  for (const Case& one : std::initializer_list<Case>{
           {"an unknown country",
            "consortium/sites.toml",
            "country = \"ES\"",
            "country = \"SE1\"",
            {"sites.toml:",
             "Site \"bsc\" names the country \"SE1\", which is not there. Did you mean \"SE\"?"}},
           {"an unknown partner",
            "consortium/sites.toml",
            "\"RO\"",
            "\"QQ\"",
            {"the country \"QQ\", which is not there"}},
           {"an unknown site",
            "consortium/systems.toml",
            "site = \"lumi\"",
            "site = \"lum\"",
            {"systems.toml:",
             "System \"lumi\" names the site \"lum\", which is not there. Did you mean \"lumi\"?"}},
           {"an unknown system",
            "consortium/partitions.toml",
            "system = \"leonardo\"",
            "system = \"leonado\"",
            {"partitions.toml:",
             "the system \"leonado\", which is not there. Did you mean \"leonardo\"?"}},
           {"an unknown GPU kind",
            "consortium/partitions.toml",
            "gpu_kind = \"mi250x\"",
            "gpu_kind = \"mi250\"",
            {"the GPU kind \"mi250\", which is not there. Did you mean \"mi250x\"?"}},
           {"an unknown source",
            "consortium/partitions.toml",
            "source = \"S10 S11\"",
            "source = \"S10 S111\"",
            {"Partition \"lumi-g\" names the source \"S111\", which is not there.", "S11"}},
           {"the same slug",
            "consortium/systems.toml",
            "id = \"lumi-ai\"",
            "id = \"lumi\"",
            {"systems.toml:", "The system \"lumi\" is there already at ", "keep one of them."}},
           {"a missing name",
            "consortium/sites.toml",
            "name = \"MIMER\"",
            "",
            {"site.name: Add \"name\", a string: it is missing."}},
           {"a missing count of GPUs",
            "consortium/partitions.toml",
            "gpus_per_node_billed = 4",
            "",
            {"partition.gpus_per_node_billed: Add \"gpus_per_node_billed\""}},
           {"a word for a number",
            "consortium/partitions.toml",
            "nodes = 1120",
            "nodes = \"many\"",
            {"partition.nodes: Give a whole number from 0 to 4294967295: found \"many\"."}},
           {"an unknown unit",
            "consortium/partitions.toml",
            "unit = \"gpu\"",
            "unit = \"gpus\"",
            {"partition.unit: Give one of \"gpu\", \"node\" or \"core\": found \"gpus\"."}},
           {"an unknown role",
            "consortium/countries.toml",
            "role = \"member_state\"",
            "role = \"member\"",
            {"countries.toml:6: country.role: Give one of \"member_state\" or "
             "\"participating_state\""}},
           {"no TOML",
            "consortium/countries.toml",
            "code = \"AT\"",
            "code = AT",
            {"countries.toml:4:"}},
           {"a country that is none",
            "country-groups.toml",
            "\"FR\"",
            "\"France\"",
            {"country-groups.toml:", "Country group \"eu_member_state\" names \"France\""}}}) {
    const DataCopy data;
    data.edit(one.file, one.old_part, one.part);
    expect_refused(read_consortium(data.path()), one.parts, one.what, one.where);
  }
}

TEST(Consortium, WhatTheEngineRefusesIsToldWithItsLine) {
  struct Case {
    std::string_view old_part;
    std::string_view part;
    std::initializer_list<std::string_view> parts;
  };
  for (const Case& one : std::initializer_list<Case>{
           {"gpus_per_node_scheduled = 8\ngpu_kind = \"mi250x\"",
            "gpus_per_node_scheduled = 0\ngpu_kind = \"mi250x\"",
            {"partitions.toml:", "Partition \"lumi-g\": Say both how many GPUs"}},
           {"id = \"lisa\"",
            "id = \"LISA\"",
            {"Partition \"LISA\": A short name is made of lower-case letters"}}}) {
    const DataCopy data;
    data.edit("consortium/partitions.toml", one.old_part, one.part);
    const auto consortium = read_consortium(data.path());
    ASSERT_TRUE(consortium) << consortium.error().text;
    Desk desk;
    expect_refused(load(*consortium, desk.execute(), desk.look()), one.parts, one.part);
  }
}

TEST(Consortium, UnknownKeysAndFilesInPiecesAreTolerated) {
  const DataCopy data;
  data.edit("consortium/sites.toml", "id = \"bsc\"", "id = \"bsc\"\nmotto = \"?\"");
  write(data.path() / "consortium" / "zz-more.toml",
        "[[note]]\ntext = \"not ours\"\n[[country]]\ncode = \"FR\"\nname = \"France\"\nrole = "
        "\"member_state\"\n");
  const auto consortium = read_consortium(data.path());
  ASSERT_TRUE(consortium) << consortium.error().text;
  EXPECT_EQ(consortium->countries.size(), 18U);
}

TEST(Consortium, WithoutFiles) {
  const Folder folder;
  expect_refused(read_consortium(folder.path()), {"The folder ", "consortium cannot be read"},
                 "no folder");
  fs::create_directories(folder.path() / "consortium");
  expect_refused(read_consortium(folder.path()), {"There is no TOML file in "}, "an empty folder");
  write(folder.path() / "consortium" / "a.toml", "");
  expect_refused(read_consortium(folder.path()), {"There is no file ", "country-groups.toml."},
                 "no groups");
}

TEST(OwnSites, ThisMachine) {
  struct Case {
    std::string_view what;
    LocalSettings settings;
    LocalMachine machine;
    std::string_view partitions;  // slug, unit, cores, GPUs, kind
  };
  const auto shape = [](const Consortium& consortium) {
    std::string text;
    for (const PartitionEntry& entry : consortium.partitions) {
      const federation::Partition& one = entry.partition;
      text += fmt::format("{}{} {} {} {} {} {}", text.empty() ? "" : "; ", one.slug,
                          name_of(one.unit), one.cores_per_node, one.memory_mib_per_node,
                          one.gpus_per_node_billed, one.gpu_kind);
    }
    return text;
  };
  LocalSettings less;
  less.slug = "box";
  less.cores = 2;
  less.memory_mib = 1'024;
  less.gpus = 1;
  LocalSettings no_gpus;
  no_gpus.gpus = 0;
  LocalSettings off;
  off.enabled = false;
  const LocalMachine plain{2, 4'096, {}};
  const LocalMachine two{16, 65'536, {"NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"}};
  const LocalMachine mixed{16, 65'536, {"NVIDIA H100", "Tesla T4"}};
  for (const Case& one : {
           Case{"cores alone", {}, plain, "local-cpu core 2 4096 0 "},
           Case{"with GPUs",
                {},
                two,
                "local-cpu core 16 65536 0 ; local-gpu gpu 16 65536 2 nvidia-h100-80gb-hbm3"},
           Case{"of two kinds", {}, mixed, "local-cpu core 16 65536 0 ; local-gpu gpu 16 65536 2 "},
           Case{"less than it has", less, two,
                "box-cpu core 2 1024 0 ; box-gpu gpu 2 1024 1 nvidia-h100-80gb-hbm3"},
           Case{"its GPUs hidden", no_gpus, two, "local-cpu core 16 65536 0 "},
           Case{"not at all", off, two, ""},
       }) {
    Consortium consortium;
    add_local_site(consortium, one.settings, one.machine);
    EXPECT_EQ(shape(consortium), one.partitions) << one.what;
    Desk desk;
    must_load(desk, consortium);
    EXPECT_EQ(must_load(desk, consortium).events, 0U) << one.what;
  }
}

TEST(OwnSites, JoinTheConsortium) {
  Consortium consortium = shipped();
  add_local_site(consortium, {}, {2, 4'096, {}});
  SimulatedSettings lumi;
  lumi.site = "lumi";
  ASSERT_TRUE(add_simulated_site(consortium, lumi));
  SimulatedSettings own;
  own.site = "testbed";
  own.partition = {{"testbed-gpu", Unit::gpu, 4, 8}};
  ASSERT_TRUE(add_simulated_site(consortium, own));
  Desk desk;
  must_load(desk, consortium);
  EXPECT_EQ(must_load(desk, consortium).events, 0U);
  const federation::State& state = desk.engine.state().federation;
  for (const std::string slug : {"local", "lumi", "testbed"}) {
    EXPECT_TRUE(takes_jobs(state, state.site_by_slug.at(slug))) << slug;
  }
  EXPECT_EQ(partition_in(desk, "local-cpu").unit, Unit::core);
  EXPECT_EQ(partition_in(desk, "testbed-gpu").gpus_per_node_scheduled, 8U);
}

TEST(OwnSites, ASimulatedSiteHasOnePlaceForItsPartitions) {
  Consortium consortium = shipped();
  SimulatedSettings site;
  site.site = "lumy";
  expect_refused(add_simulated_site(consortium, site),
                 {"There is no site \"lumy\" in the data files"}, "none");
  site.site = "lumi";
  site.partition = {{"more", Unit::node, 4}};
  expect_refused(add_simulated_site(consortium, site),
                 {"Site \"lumi\" has its partitions in the data files"}, "two");
}

TEST(OwnSites, ASlurmClusterIsASiteOfTheConsortiumOrANewOne) {
  Consortium consortium = shipped();
  SlurmSettings known;
  known.site = "lumi";
  ASSERT_TRUE(add_slurm_site(consortium, known));
  SlurmSettings own;
  own.site = "north";
  expect_refused(add_slurm_site(consortium, own), {"There is no site \"north\" in the data files"},
                 "none");
  SlurmPartitionSettings partition;
  partition.slug = "north-gpu";
  partition.gpus_per_node = 4;
  own.partition = {partition};
  ASSERT_TRUE(add_slurm_site(consortium, own));
  known.partition = {partition};
  expect_refused(add_slurm_site(consortium, known),
                 {"Site \"lumi\" has no partition \"north-gpu\""}, "another's");
  Desk desk;
  must_load(desk, consortium);
  EXPECT_TRUE(takes_jobs(desk.engine.state().federation,
                         desk.engine.state().federation.site_by_slug.at("north")));
  EXPECT_EQ(partition_in(desk, "north-gpu").gpus_per_node_scheduled, 4U);
}

}  // namespace
}  // namespace fabrica::test
