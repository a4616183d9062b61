#include "system/slurm/served.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fabrica::test {

SlurmAddress address_of(const SlurmCluster& cluster) {
  return {cluster.url, cluster.key_file, cluster.name, "gpu", ""};
}

std::string settings_for(const SlurmCluster& cluster, const SlurmAddress& address) {
  const std::string speak =
      address.jobs_url.empty() ? "" : fmt::format("jobs_url = \"{}\"\n", address.jobs_url);
  return fmt::format(
      "[[slurm]]\nsite = \"{0}\"\nurl = \"{1}\"\ncluster = \"{2}\"\nkey_file = \"{3}\"\n"
      "user = \"{4}\"\naccount = \"{5}\"\n{11}"
      "[[slurm.partition]]\nslug = \"{0}-gpu\"\npartition = \"{6}\"\ngpu_type = \"{7}\"\n"
      "nodes = {8}\ngpus_per_node = {9}\ncores_per_node = {10}\nmemory_gib_per_node = 8\n",
      cluster.name, address.url, address.cluster, address.key_file, cluster.users.front(),
      cluster.account, address.partition, cluster.gpu_kind, cluster.nodes.size(),
      cluster.gpus_per_node, cluster.cpus_per_node, speak);
}

std::int64_t make_gpu_project(net::Client& client, const std::string& token,
                              const std::vector<SlurmCluster>& clusters) {
  const auto post = [&](const std::string& target, std::string body) {
    return must(client, token, net::Method::post, target, std::move(body));
  };
  post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
  const std::int64_t project =
      *post("/v1/projects", R"({"title":"A project","organisation":1})").get("id").as_int();
  std::vector<std::string> partitions;
  for (const SlurmCluster& cluster : clusters) {
    partitions.push_back(fmt::format("\"{}-gpu\"", cluster.name));
    post(fmt::format("/v1/partitions/{}-gpu/capacity", cluster.name),
         R"({"hours":"2000","text":"capacity"})");
  }
  post("/v1/calls", fmt::format(R"({{"mode":"playground","title":"Playground","partitions":[{}]}})",
                                fmt::join(partitions, ",")));
  std::int64_t proposal = 0;
  for (const std::string& partition : partitions) {
    post("/v1/calls/1/proposals",
         fmt::format(R"({{"project":{},"title":"Work","partition":{},"hours":"500","months":1,)"
                     R"("gpus_per_job":1,"nodes_per_job":1,"civil_use":true,"open_research":true,)"
                     R"("text":"some work"}})",
                     project, partition));
    proposal += 1;
    post(fmt::format("/v1/proposals/{}:assess", proposal), R"({"suitable":true,"text":""})");
    post(fmt::format("/v1/proposals/{}:grant", proposal), "{}");
    post(fmt::format("/v1/awards/{}:accept", proposal), "{}");
  }
  return project;
}

}  // namespace fabrica::test
