#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "system/server.h"
#include "system/slurm/bed.h"
#include "unit/support/temporary_directory.h"

/// What the check of a site says of a real cluster, with settings that fit it and settings that do
/// not, and with parts of it dead.
namespace fabrica {
namespace {

namespace fs = std::filesystem;

/// What differs from settings that fit.
struct Settings {
  std::string_view site;
  std::string_view partition = "gpu";
  std::string key_file = {};
  std::string account = {};
  std::uint32_t gpus_per_node = 4;
  std::string_view token_user = "slurm";
};

std::string settings_for(const test::SlurmCluster& cluster, const Settings& with) {
  return fmt::format(
      "[[slurm]]\nsite = \"{0}\"\nurl = \"{1}\"\ncluster = \"{2}\"\nkey_file = \"{3}\"\n"
      "user = \"{4}\"\naccount = \"{5}\"\ntoken_user = \"{6}\"\n"
      "[[slurm.partition]]\nslug = \"{0}-p\"\npartition = \"{7}\"\ngpu_type = \"{8}\"\n"
      "nodes = {9}\ngpus_per_node = {10}\ncores_per_node = {11}\nmemory_gib_per_node = {12}\n",
      with.site, cluster.url, cluster.name,
      with.key_file.empty() ? cluster.key_file : with.key_file, cluster.users.front(),
      with.account.empty() ? cluster.account : with.account, with.token_user, with.partition,
      cluster.gpu_kind, cluster.nodes.size(), with.gpus_per_node, cluster.cpus_per_node,
      cluster.memory_mb_per_node / 1024);
}

class Check : public testing::Test {
 protected:
  Check() {
    fs::permissions(folder_.path(), fs::perms(0755));
    const test::SlurmCluster& cluster = bed_.cluster("c1");
    const fs::path wrong_key = folder_.path() / "wrong.key";
    test::write_file(wrong_key, std::string(32, 'x'));
    fs::permissions(wrong_key, fs::perms::owner_read);
    std::string text = "[local]\nenabled = false\n";
    for (const Settings& one :
         {Settings{.site = "fits"}, Settings{.site = "renamed", .partition = "booster"},
          Settings{.site = "small", .gpus_per_node = 8},
          Settings{.site = "key", .key_file = wrong_key.string()},
          Settings{.site = "account", .account = "nobody"},
          Settings{.site = "user", .token_user = "fabrica-b"}}) {
      text += settings_for(cluster, one);
    }
    test::write_file(folder_.path() / "fabrica.toml", text);
    server_.start();
  }

  test::Ran check(std::string_view site) const {
    const char* const programs = std::getenv("FABRICA_BIN_DIR");
    return test::run_program({fs::path(programs == nullptr ? "" : programs) / "fabrica", "--data",
                              server_.directory().string(), "--token-file",
                              (server_.directory() / "admin-token").string(), "site", "check",
                              std::string(site)});
  }

  test::Ran add(std::string_view key, std::vector<std::string> more) const {
    const char* const programs = std::getenv("FABRICA_BIN_DIR");
    const test::SlurmCluster& cluster = bed_.cluster("c1");
    std::vector<std::string> words{fs::path(programs == nullptr ? "" : programs) / "fabrica",
                                   "site",
                                   "add",
                                   "added",
                                   "--url",
                                   cluster.url,
                                   "--cluster",
                                   "c1",
                                   "--key-file",
                                   std::string(key),
                                   "--user",
                                   cluster.users.front(),
                                   "--account",
                                   cluster.account};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_program(words);
  }

  /// The check's lines that are not of what is well, without what they advise.
  static std::string not_well(const test::Ran& ran) {
    std::string names;
    std::string_view text = ran.output;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      if (line.starts_with("well") || line.starts_with("   ")) continue;
      names += fmt::format("{}{}", names.empty() ? "" : ", ", line.substr(0, line.find(':')));
    }
    return names;
  }

  test::TemporaryDirectory folder_;
  test::SlurmBed bed_{{.nodes = 2}};
  test::ServerProcess server_{folder_.path() / "data", folder_.path() / "fabrica.toml"};
};

TEST_F(Check, NamesWhatIsWrong) {
  const struct {
    std::string_view site;
    int code;
    std::string_view not_well;
    std::string_view says;
  } cases[] = {
      {"fits", 0, "", "2 can be used now"},
      {"renamed", 1, "wrong   partition renamed-p", "has no partition \"booster\", but cpu, gpu"},
      {"small", 1, "wrong   partition small-p", "The most that one has is 4 GPUs of type h100"},
      {"key", 1,
       "unknown slurmctld, wrong   token, unknown clock, unknown user, unknown cluster, unknown "
       "partition key-p, wrong   slurmdbd",
       "Compare key_file with the cluster's jwt_key"},
      {"account", 1, "wrong   account nobody", "sacctmgr add user fabrica-a account=nobody"},
      {"user", 1, "wrong   user", "Let token_user be Slurm's own user"},
  };
  for (const auto& one : cases) {
    const test::Ran ran = check(one.site);
    EXPECT_EQ(ran.code, one.code) << one.site << "\n" << ran.output;
    EXPECT_EQ(not_well(ran), one.not_well) << one.site << "\n" << ran.output;
    EXPECT_NE(ran.output.find(one.says), std::string::npos) << one.site << "\n" << ran.output;
  }

  bed_.kill("dbd");
  const test::Ran without_database = check("fits");
  EXPECT_EQ(without_database.code, 1);
  EXPECT_EQ(not_well(without_database), "unknown cluster, wrong   slurmdbd")
      << without_database.output;

  bed_.kill("c1.rest");
  const test::Ran unreachable = check("fits");
  EXPECT_EQ(unreachable.code, 1);
  EXPECT_EQ(not_well(unreachable), "wrong   connection") << unreachable.output;
  EXPECT_EQ(server_.stop(), 0);
}

TEST_F(Check, ASiteIsAddedAsItIs) {
  const test::SlurmCluster& cluster = bed_.cluster("c1");
  const fs::path file = folder_.path() / "added.toml";
  const test::Ran wrong_key = add((folder_.path() / "wrong.key").string(), {"--write", file});
  EXPECT_EQ(wrong_key.code, 1) << wrong_key.output;
  EXPECT_NE(wrong_key.output.find("wrong   token"), std::string::npos) << wrong_key.output;
  EXPECT_FALSE(fs::exists(file));

  const test::Ran written = add(cluster.key_file, {"--write", file});
  EXPECT_EQ(written.code, 0) << written.output;
  const std::string text = test::read_file(file);
  EXPECT_NE(text.find("[[slurm.partition]]\nslug = \"added-gpu\"\npartition = \"gpu\"\n"
                      "gpu_type = \"h100\"\nunit = \"gpu\""),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("nodes = 2\ngpus_per_node = 4\ncores_per_node = 8\nmemory_gib_per_node = 31"),
            std::string::npos)
      << text;
  const test::Ran twice = add(cluster.key_file, {"--write", file});
  EXPECT_EQ(twice.code, 2) << twice.output;
  EXPECT_EQ(test::read_file(file), text);

  // The server takes the file as it is, finds all well there, and says when it last heard.
  test::write_file(file, "[local]\nenabled = false\n" + text);
  test::ServerProcess other(folder_.path() / "other", file);
  other.start();
  const char* const programs = std::getenv("FABRICA_BIN_DIR");
  const auto ask = [&](std::vector<std::string> words) {
    std::vector<std::string> all{fs::path(programs == nullptr ? "" : programs) / "fabrica",
                                 "--data", other.directory().string(), "--token-file",
                                 (other.directory() / "admin-token").string()};
    all.insert(all.end(), words.begin(), words.end());
    return test::run_program(all);
  };
  const test::Ran checked = ask({"site", "check", "added"});
  EXPECT_EQ(checked.code, 0) << checked.output;
  const auto says = [&](std::string_view text_wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    while (std::chrono::steady_clock::now() < deadline) {
      const std::string sites = ask({"sites"}).output;
      const std::size_t at = sites.find("\nadded");
      const std::string line = sites.substr(at + 1, sites.find('\n', at + 1) - at);
      if (at != std::string::npos && line.find(text_wanted) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return false;
  };
  EXPECT_TRUE(says("Z"));
  bed_.kill("c1.rest");
  EXPECT_TRUE(says("silent since"));
  EXPECT_EQ(other.stop(), 0);
}

}  // namespace
}  // namespace fabrica
