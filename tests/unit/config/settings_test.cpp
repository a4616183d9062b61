#include "config/settings.h"

#include <gtest/gtest.h>

#include <sstream>

#include "config/toml.h"
#include "json/write.h"
#include "unit/config/support.h"

namespace fabrica::test {
namespace {

using namespace config;

std::string shown(const Settings& settings) { return json::to_json(settings); }

std::string example() { return text_of(shipped_data() / "fabrica.example.toml"); }

// Each key that stands behind a "#" without a space, made effective.
std::string with_all_keys(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::string all;
  while (std::getline(lines, line)) {
    const bool is_key = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    all += line.substr(is_key ? 1 : 0) + "\n";
  }
  return all;
}

TEST(Settings, NothingSaidIsTheDefault) {
  const auto settings = parse_settings("fabrica.toml", "");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(shown(*settings), shown(Settings{}));
  EXPECT_EQ(settings->listen.address, "127.0.0.1");
  EXPECT_EQ(settings->listen.port, 8450);
  EXPECT_TRUE(settings->local.enabled);
  EXPECT_EQ(settings->placement, "late_binding");
}

TEST(Settings, TheExampleStatesTheDefaults) {
  const auto settings = parse_settings("fabrica.example.toml", example());
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(shown(*settings), shown(Settings{}));
}

TEST(Settings, TheExampleShowsEveryKey) {
  const auto settings = parse_settings("fabrica.example.toml", with_all_keys(example()));
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->local.cores, 8U);
  ASSERT_EQ(settings->simulated.size(), 2U);
  EXPECT_EQ(settings->simulated[0].site, "lumi");
  EXPECT_EQ(settings->simulated[1].partition.at(0).unit, Unit::gpu);
  ASSERT_EQ(settings->slurm.size(), 1U);
  EXPECT_EQ(settings->slurm[0].partition.at(0).gpu_type, "h100");
  EXPECT_EQ(settings->slurm[0].word.at(0).here, "gpu80");
  const auto toml = TomlText::parse("", with_all_keys(example()));
  ASSERT_TRUE(toml);
  const auto expect_keys = [&](const std::vector<Key>& keys, const auto& self) -> void {
    for (const Key& key : keys) {
      EXPECT_NE(toml->json().find("\"" + std::string(key.name) + "\":"), std::string::npos)
          << key.name;
      self(key.within, self);
    }
  };
  expect_keys(keys_of<Settings>(), expect_keys);
}

TEST(Settings, AMistakeIsToldWithItsLine) {
  struct Case {
    std::string_view text;
    std::string_view answer;
    std::source_location where = std::source_location::current();
  };
  for (const Case& one : {
           Case{"[listen]\nprot = 1",
                R"(f.toml:2: There is no key "prot" in [listen]. Did you mean "port"?)"},
           Case{"port = 1", R"(f.toml:1: There is no key "port". It belongs into [listen].)"},
           Case{"[lisen]\nport = 1",
                R"(f.toml:1: There is no key "lisen". Did you mean "listen"?)"},
           Case{"[listen]\nport = 70000",
                "f.toml:2: listen.port: Give a whole number from 0 to 65535: found 70000."},
           Case{"[listen]\nthreads = 0", "f.toml:2: listen.threads: Give 1 to 16: found 0."},
           Case{"[listen]\naddress = ''",
                "f.toml:2: listen.address: Give an address or a unix_socket"},
           Case{"\n[tls]\nkey = 'k.pem'",
                "f.toml:2: tls: Give both certificate and key, or neither."},
           Case{"log_level = 'loud'",
                "f.toml:1: log_level: Give one of \"debug\", \"info\", \"warning\" or \"error\""},
           Case{"placement = 'best'",
                "f.toml:1: placement: There is no placement rule \"best\"; the rules are: "
                "late_binding, least_work."},
           Case{"[local]\nslug = 'My machine'",
                "f.toml:2: local.slug: Give a short name of lower-case letters"},
           Case{"[local]\nname = ''", "f.toml:2: local.name: Give the site a name."},
           Case{"[local]\ncores = 0", "f.toml:2: local.cores: Give 1 to 16384: found 0."},
           Case{"[local]\nmemory_mib = 0", "f.toml:2: local.memory_mib: Give 1 to"},
           Case{"[local]\ngpus = 2000", "f.toml:2: local.gpus: Give 0 to 1024: found 2000."},
           Case{"[local]\nmemory_limits = 'none'",
                "\"best_available\" or \"kernel_only\": found \"none\"."},
           Case{"[[simulated]]\nseed = 2", "f.toml:1: simulated.site: Give a short name"},
           Case{"[[slurm]]\nsite = \"n\"", "Give the url of the site's slurmrestd"},
           Case{"[[slurm]]\nsite = \"n\"\nurl = \"http://n\"", "Give the key_file"},
           Case{"[[slurm]]\nsite = \"n\"\nurl = \"http://n\"\nkey_file = \"k\"", "Give the user"},
           Case{"[[slurm]]\nsite = \"local\"", "Name site \"local\" once"},
           Case{"[[simulated]]\nsite = 'local'",
                "f.toml:2: simulated.site: Name another site: this is the local one."},
           Case{"[[simulated]]\nsite = 'a'\n[[simulated]]\nsite = 'a'",
                "f.toml:4: simulated.site: Name site \"a\" once."},
           Case{"[[simulated]]\nsite='a'\n[[simulated.partition]]\nslug='p'",
                "f.toml:3: simulated.partition.gpus_per_node: Give 1 to 1024: found 0."},
           Case{"[[simulated]]\nsite='a'\n[[simulated.partition]]\nslug='p'\nunit='core'\nnodes=0",
                "f.toml:6: simulated.partition.nodes: Give 1 to 100000: found 0."},
       }) {
    expect_refused(parse_settings("f.toml", one.text), {one.answer}, one.text, one.where);
  }
}

TEST(Settings, WordsThatCannotBe) {
  const std::string site = "[[slurm]]\nsite='n'\nurl='http://n'\nkey_file='k'\nuser='u'\n";
  const struct {
    std::string_view words;
    std::string_view answer;
    std::source_location where = std::source_location::current();
  } cases[] = {
      {"provision=true", "f.toml:6: slurm.provision: Accounts are made in a slurmdbd"},
      {"provision=true\ncluster='c'\naccounting=false",
       "f.toml:6: slurm.provision: Accounts are made in a slurmdbd"},
      {"[[slurm.partition]]\nslug='p'\ncpus_per_core=0",
       "f.toml:8: slurm.partition.cpus_per_core: Give 1 to 16"},
      {"[[slurm.word]]\nhere='x'", "f.toml:6: slurm.word: Give the word that scripts use."},
      {"[[slurm.word]]\nword='x'\npartition='p'",
       "f.toml:8: slurm.word.partition: Give \"p\" a [[slurm.partition]] first."},
      {"[[slurm.word]]\nword='x'\n[[slurm.word]]\nword='x'",
       "f.toml:7: slurm.word.word: Name word \"x\" once."},
      {"[[slurm.word]]\nword='x'\noption='nodelist'",
       "f.toml:8: slurm.word.option: Give one of \"constraint\", \"qos\""},
  };
  for (const auto& [words, answer, where] : cases) {
    expect_refused(parse_settings("f.toml", site + std::string(words)), {answer}, words, where);
  }
}

TEST(Settings, PathsStartAtTheFile) {
  const Folder folder;
  const fs::path file = folder.path() / "etc" / "fabrica.toml";
  write(file, "data_directory = '../state'\n[tls]\ncertificate = '~/c.pem'\nkey = '/k.pem'\n");
  const auto settings = read_settings(file, Surroundings{.home = "/home/ada"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->data_directory, (folder.path() / "state").string());
  EXPECT_EQ(settings->tls.certificate, "/home/ada/c.pem");
  EXPECT_EQ(settings->tls.key, "/k.pem");
  EXPECT_EQ(settings->local.spool, "");
}

TEST(Settings, AFileThatWasAskedForMustBeThere) {
  const Folder folder;
  const Surroundings around{.xdg_config_home = folder.path().string()};
  expect_refused(read_settings(folder.path() / "none.toml", around),
                 {"There is no file ", "none.toml."}, "asked for");
  expect_refused(read_settings(folder.path(), around), {"is no regular file."}, "a folder");
  const auto defaults = read_settings(std::nullopt, around);
  ASSERT_TRUE(defaults) << defaults.error().text;
  EXPECT_EQ(shown(*defaults), shown(Settings{}));
  write(folder.path() / "fabrica" / "fabrica.toml", "[listen]\nport = 1234\n");
  const auto found = read_settings(std::nullopt, around);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->listen.port, 1234);
  write(folder.path() / "fabrica" / "fabrica.toml", "[listen]\nprot = 1234\n");
  expect_refused(read_settings(std::nullopt, around), {"fabrica/fabrica.toml:2:", "\"port\"?"},
                 "found but wrong");
}

TEST(Settings, WhatIsLeftEmptyIsCompleted) {
  const Surroundings around{.home = "/home/ada",
                            .fabrica_data = shipped_data().string(),
                            .program = "/opt/fabrica/bin/fabricad"};
  Settings settings;
  ASSERT_TRUE(complete(settings, around));
  EXPECT_EQ(settings.data_directory, "/home/ada/.local/state/fabrica");
  EXPECT_EQ(settings.local.spool, "/home/ada/.local/state/fabrica/spool");
  EXPECT_EQ(settings.local.programs, "/opt/fabrica/bin");
  EXPECT_TRUE(fs::equivalent(settings.data_files, shipped_data()));
  Settings said;
  said.data_directory = "/srv/fabrica";
  said.local.programs = "/usr/libexec";
  ASSERT_TRUE(complete(said, around));
  EXPECT_EQ(said.local.spool, "/srv/fabrica/spool");
  EXPECT_EQ(said.local.programs, "/usr/libexec");
  Settings wrong;
  wrong.data_files = "/nonexistent";
  expect_refused(complete(wrong, around),
                 {"data_files names /nonexistent, which holds no data files"}, "no data");
}

}  // namespace
}  // namespace fabrica::test
