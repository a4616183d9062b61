#include "sites/slurm/check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fabrica::sites::slurm {
namespace {

using federation::Finding;
using federation::FindingKind;

constexpr Time noon{1'795'402'136'000};

CheckedSite site() {
  return {.url = "http://c1:6820",
          .cluster = "c1",
          .user = "fab",
          .token_user = "slurm",
          .own_tokens = false,
          .accounting = true,
          .partitions = {{.slug = "north-gpu",
                          .partition = "gpu",
                          .account = "eu",
                          .gpu_kind = "h100",
                          .nodes = 2,
                          .gpus_per_node = 4,
                          .cores_per_node = 8,
                          .memory_mib_per_node = 32'000}}};
}

template <class T>
Heard<T> came(T reply, std::uint16_t status = 200, Duration took = milliseconds(20)) {
  return {.asked = true, .reply = std::move(reply), .status = status, .trouble = {}, .took = took};
}

template <class T>
Heard<T> failed(std::int64_t code, std::uint16_t status, Duration took = milliseconds(20)) {
  T reply;
  reply.head.errors = {{.code = code, .text = "no"}};
  return came(std::move(reply), status, took);
}

SeenNode node(std::string name) {
  return {.name = std::move(name),
          .partitions = {"gpu"},
          .cpus = 8,
          .memory_mib = 32'000,
          .gres = "gpu:h100:4",
          .usable = true};
}

HeardAtSite all_well() {
  HeardAtSite heard;
  heard.reached = true;
  heard.status = 200;
  heard.offered = api_oldest;
  heard.version = api_oldest;
  heard.diagnosis = came<Diagnosis>(
      {.head = {.errors = {}, .release = "22.05.8", .cluster = {}}, .cluster_time = noon});
  heard.our_time = noon + milliseconds(700);
  heard.controllers =
      came<Controllers>({.head = {}, .controllers = {{.host = "m1", .primary = true, .up = true}}});
  heard.partitions =
      came<SeenPartitions>({.head = {}, .partitions = {{.name = "gpu", .up = true}}});
  heard.nodes = came<SeenNodes>({.head = {}, .nodes = {node("n1"), node("n2"), node("n3")}});
  heard.as_user = came<Diagnosis>({.head = {}, .cluster_time = noon});
  heard.clusters =
      came<SeenClusters>({.head = {}, .clusters = {{.name = "c1", .nodes = "n[1-3]"}}});
  heard.associations = came<Associations>(
      {.head = {},
       .associations = {{.cluster = "c1", .account = "eu", .user = "fab", .partition = {}}}});
  return heard;
}

/// "wrong token, unknown clock": all that is not well.
std::string not_well(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& one : findings) {
    EXPECT_FALSE(one.text.empty()) << one.what;
    EXPECT_EQ(one.mend.empty(), one.verdict == FindingKind::well) << one.what << ": " << one.text;
    if (one.verdict == FindingKind::well) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name_of(one.verdict), one.what);
  }
  return text;
}

struct Case {
  std::string_view name;
  std::function<void(CheckedSite&, HeardAtSite&)> change;
  std::string_view found;
};

void expect_found(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    CheckedSite known = site();
    HeardAtSite heard = all_well();
    one.change(known, heard);
    EXPECT_EQ(not_well(judge_site(known, heard)), one.found) << one.name;
  }
}

void without_controller(HeardAtSite& heard) {
  heard.controllers = {};
  heard.partitions = {};
  heard.nodes = {};
  heard.as_user = {};
}

TEST(Check, TheWayToTheCluster) {
  expect_found({
      {"all well", [](CheckedSite&, HeardAtSite&) {}, ""},
      {"no key", [](CheckedSite&, HeardAtSite& heard) { heard.key_trouble = "gone"; }, "wrong key"},
      {"unreachable",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.reached = false;
         heard.unreached = "refused";
       },
       "wrong connection"},
      {"something else answers",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.status = 401;
         heard.offered = heard.version = std::nullopt;
       },
       "wrong connection"},
      {"too old",
       [](CheckedSite&, HeardAtSite& heard) { heard.offered = heard.version = std::nullopt; },
       "wrong version"},
      {"the configured version is missing",
       [](CheckedSite&, HeardAtSite& heard) { heard.version = std::nullopt; }, "wrong version"},
      {"a backup is down",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.controllers.reply->controllers.push_back(
             {.host = "m2", .primary = false, .up = false});
       },
       "wrong slurmctld"},
      {"pings are not told", [](CheckedSite&, HeardAtSite& heard) { heard.controllers = {}; }, ""},
  });
}

TEST(Check, TokensAndTime) {
  expect_found({
      {"the token is refused at once",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.diagnosis = failed<Diagnosis>(-1, 500);
         without_controller(heard);
         heard.associations = failed<Associations>(1007, 200);
       },
       "unknown slurmctld, wrong token, unknown clock, unknown user, unknown partition north-gpu, "
       "wrong slurmdbd"},
      {"slurmctld is gone, which takes a while",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.diagnosis = failed<Diagnosis>(-1, 500, seconds(9));
         without_controller(heard);
       },
       "wrong slurmctld, unknown token, unknown clock, unknown user, unknown partition north-gpu"},
      {"slurmrestd turns us away",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.diagnosis = {};
         heard.diagnosis.asked = true;
         heard.diagnosis.status = 401;
         without_controller(heard);
       },
       "unknown slurmctld, wrong token, unknown clock, unknown user, unknown partition north-gpu"},
      {"ten seconds apart, by whole seconds",
       [](CheckedSite&, HeardAtSite& heard) { heard.our_time = noon + seconds(10); }, ""},
      {"behind", [](CheckedSite&, HeardAtSite& heard) { heard.our_time = noon + seconds(11); },
       "wrong clock"},
      {"ahead", [](CheckedSite&, HeardAtSite& heard) { heard.our_time = noon - seconds(11); },
       "wrong clock"},
      {"not for others",
       [](CheckedSite&, HeardAtSite& heard) { heard.as_user = failed<Diagnosis>(-1, 500); },
       "wrong user"},
      {"no user", [](CheckedSite& known, HeardAtSite&) { known.user.clear(); },
       "unknown user, wrong account eu"},
  });
}

TEST(Check, TheNameOfTheCluster) {
  expect_found({
      {"told, the same",
       [](CheckedSite&, HeardAtSite& heard) { heard.diagnosis.reply->head.cluster = "c1"; }, ""},
      {"told, another",
       [](CheckedSite&, HeardAtSite& heard) { heard.diagnosis.reply->head.cluster = "c2"; },
       "wrong cluster"},
      {"not in slurmdbd",
       [](CheckedSite& known, HeardAtSite&) {
         known.cluster = "c9";
         known.accounting = true;
       },
       "wrong cluster, wrong account eu"},
      {"one of several, of another size",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.clusters.reply->clusters = {{.name = "c1", .nodes = "n[1-7]"},
                                           {.name = "c2", .nodes = "n[1-3]"}};
       },
       "unknown cluster"},
      {"one of several, of the same size",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.clusters.reply->clusters.push_back({.name = "c2", .nodes = "m[1-9]"});
       },
       ""},
      {"nothing tells",
       [](CheckedSite& known, HeardAtSite& heard) {
         known.accounting = false;
         heard.clusters = {};
       },
       "unknown cluster"},
      {"the settings do not", [](CheckedSite& known, HeardAtSite&) { known.cluster.clear(); },
       "unknown cluster"},
  });
}

TEST(Check, Partitions) {
  expect_found({
      {"renamed",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].partition = "booster"; },
       "wrong partition north-gpu"},
      {"not said", [](CheckedSite& known, HeardAtSite&) { known.partitions[0].partition.clear(); },
       "unknown partition north-gpu"},
      {"closed",
       [](CheckedSite&, HeardAtSite& heard) { heard.partitions.reply->partitions[0].up = false; },
       "wrong partition north-gpu"},
      {"just enough nodes", [](CheckedSite& known, HeardAtSite&) { known.partitions[0].nodes = 3; },
       ""},
      {"too few nodes", [](CheckedSite& known, HeardAtSite&) { known.partitions[0].nodes = 4; },
       "wrong partition north-gpu"},
      {"too few GPUs",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].gpus_per_node = 5; },
       "wrong partition north-gpu"},
      {"GPUs of another type",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].gpu_kind = "a100"; },
       "wrong partition north-gpu"},
      {"GPUs of any type",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].gpu_kind.clear(); }, ""},
      {"too few cores",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].cores_per_node = 9; },
       "wrong partition north-gpu"},
      {"too little memory",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].memory_mib_per_node = 32'001; },
       "wrong partition north-gpu"},
      {"some nodes are down",
       [](CheckedSite&, HeardAtSite& heard) { heard.nodes.reply->nodes[0].usable = false; }, ""},
      {"all nodes are down",
       [](CheckedSite&, HeardAtSite& heard) {
         for (SeenNode& one : heard.nodes.reply->nodes) one.usable = false;
       },
       "wrong partition north-gpu"},
      {"nodes are not shown", [](CheckedSite&, HeardAtSite& heard) { heard.nodes = {}; },
       "unknown partition north-gpu"},
  });
}

TEST(Check, Accounting) {
  expect_found({
      {"slurmdbd is gone",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.clusters = failed<SeenClusters>(7000, 200);
         heard.associations = failed<Associations>(7000, 200);
       },
       "unknown cluster, wrong slurmdbd"},
      {"slurmrestd without its part for it",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.associations = {};
         heard.associations.asked = true;
         heard.associations.status = 404;
       },
       "wrong slurmdbd"},
      {"no answer",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.associations = {};
         heard.associations.trouble = "no answer within 15 s";
       },
       "wrong slurmdbd"},
      {"not asked", [](CheckedSite& known, HeardAtSite&) { known.accounting = false; }, ""},
      {"nothing found",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.associations = failed<Associations>(9003, 200);
       },
       "wrong account eu"},
      {"another account",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].account = "uk"; },
       "wrong account uk"},
      {"another cluster's association",
       [](CheckedSite&, HeardAtSite& heard) {
         heard.associations.reply->associations[0].cluster = "c2";
       },
       "wrong account eu"},
      {"the user's default account",
       [](CheckedSite& known, HeardAtSite&) { known.partitions[0].account.clear(); }, ""},
      {"a user without any",
       [](CheckedSite& known, HeardAtSite&) {
         known.partitions[0].account.clear();
         known.user = "stranger";
       },
       "wrong account"},
  });
}

TEST(CheckReplies, OfEveryVersion) {
  const auto old_nodes = read_nodes(
      R"({"meta":{"Slurm":{"release":"22.05.8"}},"errors":[],"nodes":[{"name":"n1","cpus":8,)"
      R"("real_memory":32000,"gres":"gpu:h100:4","state":"idle","state_flags":["DRAIN"],)"
      R"("partitions":["gpu","cpu"]},{"name":"n2","state":"idle","state_flags":[]}]})");
  ASSERT_TRUE(old_nodes.has_value());
  EXPECT_EQ(old_nodes->head.release, "22.05.8");
  EXPECT_EQ(old_nodes->nodes[0].partitions, (std::vector<std::string>{"gpu", "cpu"}));
  EXPECT_EQ(old_nodes->nodes[0].memory_mib, 32'000U);
  EXPECT_FALSE(old_nodes->nodes[0].usable);
  EXPECT_TRUE(old_nodes->nodes[1].usable);
  const auto new_nodes = read_nodes(
      R"({"meta":{"slurm":{"release":"24.11.1","cluster":"c1"}},"nodes":[{"name":"n1","cpus":8,)"
      R"("real_memory":32000,"state":["IDLE","DRAIN"]},{"state":["MIXED"]}]})");
  ASSERT_TRUE(new_nodes.has_value());
  EXPECT_EQ(new_nodes->head.cluster, "c1");
  EXPECT_FALSE(new_nodes->nodes[0].usable);
  EXPECT_TRUE(new_nodes->nodes[1].usable);

  EXPECT_TRUE(read_partitions(R"({"partitions":[{"name":"gpu","state":"UP"}]})")->partitions[0].up);
  EXPECT_TRUE(read_partitions(R"({"partitions":[{"name":"g","partition":{"state":["UP"]}}]})")
                  ->partitions[0]
                  .up);
  EXPECT_FALSE(
      read_partitions(R"({"partitions":[{"name":"gpu","state":"DRAIN"}]})")->partitions[0].up);
  EXPECT_EQ(read_diagnosis(R"({"statistics":{"req_time":1795402136}})")->cluster_time, noon);
  EXPECT_EQ(read_diagnosis(R"({"statistics":{"req_time":{"set":true,"infinite":false,)"
                           R"("number":1795402136}}})")
                ->cluster_time,
            noon);
  const auto refused = read_diagnosis(R"({"errors":[{"error":"Unspecified error","errno":-1}]})");
  EXPECT_EQ(refused->cluster_time, Time{});
  EXPECT_EQ(refused->head.errors[0].code, -1);
  EXPECT_FALSE(read_diagnosis("Authentication failure").has_value());
  EXPECT_FALSE(read_diagnosis("[]").has_value());
  const auto pings = read_controllers(R"({"pings":[{"hostname":"a","ping":"UP","mode":"primary"},)"
                                      R"({"hostname":"b","pinged":"DOWN","mode":"backup1"}]})");
  ASSERT_EQ(pings->controllers.size(), 2U);
  EXPECT_TRUE(pings->controllers[0].up && pings->controllers[0].primary);
  EXPECT_FALSE(pings->controllers[1].up || pings->controllers[1].primary);
}

TEST(CheckReplies, GpusOfANode) {
  const struct {
    std::string_view gres;
    std::string_view type;
    std::uint32_t gpus;
  } cases[] = {
      {"", "", 0},
      {"gpu", "", 1},
      {"gpu:4", "", 4},
      {"gpu:4", "h100", 0},
      {"gpu:h100:4", "", 4},
      {"gpu:h100:4", "h100", 4},
      {"gpu:h100", "h100", 1},
      {"gpu:h100:4(S:0,1),gpu:a100:2(S:0),shard:8", "", 6},
      {"gpu:h100:4(S:0,1),gpu:a100:2(S:0),shard:8", "a100", 2},
      {"nic:4,gpux:3", "", 0},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(gpus_in(one.gres, one.type), one.gpus) << one.gres << " of " << one.type;
  }
}

}  // namespace
}  // namespace fabrica::sites::slurm
