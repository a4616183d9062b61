#include "sites/slurm/site_books.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sites/slurm/rest_api.h"

/// What is read of slurmdbd's records: which runs are ours, and the units that they occupied.
namespace fabrica::sites::slurm {
namespace {

BookedSite booked_site() {
  federation::Partition gpus;
  gpus.slug = "site-gpu";
  gpus.unit = Unit::gpu;
  gpus.nodes = 2;
  gpus.gpus_per_node_billed = 4;
  gpus.gpus_per_node_scheduled = 8;  // halves, as on LUMI-G
  gpus.cores_per_node = 64;
  gpus.memory_mib_per_node = 512 * 1024;
  federation::Partition cores;
  cores.slug = "site-cpu";
  cores.unit = Unit::core;
  cores.nodes = 2;
  cores.cores_per_node = 64;
  cores.memory_mib_per_node = 256 * 1024;
  BookedSite site;
  site.cluster = "c1";
  site.user = "fab";
  site.installation = "home";
  site.partitions = {{"gpu", "acc1", gpus}, {"cpu", "acc2", cores}};
  return site;
}

struct Record {
  std::string name = "train fab:home.7.1";
  std::string partition = "gpu";
  std::string account = "acc1";
  std::string cluster = "c1";
  std::string array = "0,\"task_id\":null";
  int nodes = 1;
  int cpus = 8;
  int gpus = 2;
  int memory = 1'000;
};

// As Slurm 22.05 says it.
std::string json_of(const Record& record) {
  return fmt::format(R"({{"job_id":41,"name":"{}","cluster":"{}","user":"fab","account":"{}",
    "comment":{{"administrator":null,"job":null,"system":null}},"array":{{"job_id":{}}},
    "time":{{"elapsed":90,"eligible":10,"start":20,"end":110,"submission":10,"suspended":0}},
    "tres":{{"allocated":[{{"type":"cpu","name":null,"id":1,"count":{}}},
      {{"type":"mem","name":null,"id":2,"count":{}}},{{"type":"energy","name":null,"count":null}},
      {{"type":"node","name":null,"id":4,"count":{}}},{{"type":"gres","name":"gpu","count":{}}},
      {{"type":"gres","name":"gpu:h100","count":{}}}],"requested":[]}},
    "state":{{"current":"COMPLETED","reason":"None"}},"nodes":"n1","partition":"{}"}})",
                     record.name, record.cluster, record.account, record.array, record.cpus,
                     record.memory, record.nodes, record.gpus, record.gpus, record.partition);
}

std::string read(const std::vector<Record>& records) {
  std::string all;
  for (const Record& record : records) all += (all.empty() ? "" : ",") + json_of(record);
  const auto runs = read_books(fmt::format(R"({{"errors":[],"jobs":[{}]}})", all), booked_site());
  if (!runs) return runs.error().text;
  std::string text;
  for (const jobs::SiteRun& run : *runs) {
    text += fmt::format("{}{}{} {} {}/{} {}s", text.empty() ? "" : ", ",
                        run.job ? to_string(*run.job) : run.user + ":" + run.account,
                        run.number == 0 ? "" : fmt::format("[{}]", run.number),
                        run.partition.empty() ? "-" : run.partition, run.units.numerator,
                        run.units.denominator, run.elapsed.ms / 1'000);
  }
  return text;
}

TEST(SiteBooks, RunsInTheUnitsOfTheirPartitions) {
  const struct {
    std::string_view what;
    Record record;
    std::string_view read;
  } table[] = {
      {"two halves of a GPU", {}, "job-7 site-gpu 1/1 90s"},
      {"its share of cores is larger", {.cpus = 32}, "job-7 site-gpu 2/1 90s"},
      {"of memory", {.memory = 512 * 1024}, "job-7 site-gpu 4/1 90s"},
      {"two nodes", {.nodes = 2, .gpus = 16}, "job-7 site-gpu 8/1 90s"},
      {"cores", {.partition = "cpu", .gpus = 0}, "job-7 site-cpu 8/1 90s"},
      {"a task of an array", {.array = "40,\"task_id\":3"}, "job-7[3] site-gpu 1/1 90s"},
      {"a stranger in our account", {.name = "theirs"}, "fab:acc1 site-gpu 1/1 90s"},
      {"a stranger in another", {.name = "theirs", .account = "acc9"}, ""},
      {"another Fabrica's", {.name = "x fab:away.7.1", .account = "acc9"}, ""},
      {"another cluster's", {.cluster = "c2"}, ""},
      {"in no partition of ours", {.partition = "debug"}, "job-7 - 0/1 90s"},
  };
  for (const auto& one : table) EXPECT_EQ(read({one.record}), one.read) << one.what;
  EXPECT_EQ(read({{}, {}}), "job-7 site-gpu 1/1 90s, job-7 site-gpu 1/1 90s");
  EXPECT_EQ(read({}), "");
  EXPECT_FALSE(read_books("no JSON", booked_site()).has_value());
}

TEST(SiteBooks, ArePutAsAQuestionForAPeriod) {
  const Time from{1'000'000'000'000};
  const auto words = [&](std::uint32_t version) {
    std::string text;
    for (const auto& [name, value] :
         books_request(ApiVersion{version}, "c1", from, from + hours(1)).query.pairs)
      text += fmt::format("{}={} ", name, value);
    return text;
  };
  EXPECT_EQ(words(38),
            "start_time=uts1000000000 end_time=uts1000003600 skip_steps=true cluster=c1 ");
  EXPECT_EQ(words(41),
            "start_time=uts1000000000 end_time=uts1000003600 show_duplicates=true "
            "skip_steps=true cluster=c1 ");
}

}  // namespace
}  // namespace fabrica::sites::slurm
