#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "json/types.h"

/// The tables of a scenario file as they are written.
namespace fabrica::simulate::rows {

struct Site {
  std::string name;
  std::optional<std::int64_t> width;
  std::optional<std::int64_t> nodes;
  std::optional<std::int64_t> gpus_per_node;
  std::optional<std::int64_t> count;
};
FABRICA_DESCRIBE(Site, name, width, nodes, gpus_per_node, count)

struct Columns {
  std::string submit;
  std::string run;
  std::string width;
  std::optional<std::string> limit;
  std::optional<std::string> user;
};
FABRICA_DESCRIBE(Columns, submit, run, width, limit, user)

struct Outage {
  std::int64_t from_s = 0;
  std::int64_t until_s = 0;
  std::optional<std::int64_t> width;
};
FABRICA_DESCRIBE(Outage, from_s, until_s, width)

/// Which of the optional keys go with which kind: see scenario_file.cpp.
struct Workload {
  std::string kind;
  std::optional<std::string> name;
  std::optional<json::Raw> scale;
  std::optional<std::string> file;
  std::optional<Columns> columns;
  std::optional<std::string> time;
  std::optional<std::string> separator;
  std::optional<std::int64_t> jobs;
  std::optional<std::int64_t> width;
  std::optional<std::string> cluster;
  std::optional<std::int64_t> days;
  std::optional<std::int64_t> users;
  std::vector<std::int64_t> hour_weights;
  std::vector<std::int64_t> day_weights;
};
FABRICA_DESCRIBE(Workload, kind, name, scale, file, columns, time, separator, jobs, width, cluster,
                 days, users, hour_weights, day_weights)

struct ScenarioFile {
  std::optional<std::string> name;
  std::optional<std::int64_t> seeds;
  std::optional<std::int64_t> first;
  std::optional<json::Raw> load;
  std::optional<json::Raw> scale;
  std::optional<bool> perfect_limits;
  std::optional<json::Raw> placement;
  std::optional<bool> whole;
  std::optional<json::Raw> scheduler;
  std::optional<std::string> order;
  std::optional<std::int64_t> depth;
  std::vector<Site> site;
  std::vector<Outage> maintenance;
  std::vector<Outage> failure;
  std::vector<Workload> workload;
};
FABRICA_DESCRIBE(ScenarioFile, name, seeds, first, load, scale, perfect_limits, placement, whole,
                 scheduler, order, depth, site, maintenance, failure, workload)

}  // namespace fabrica::simulate::rows
