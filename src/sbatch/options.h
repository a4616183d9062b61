#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "sbatch/amounts.h"
#include "sbatch/array.h"
#include "sbatch/begin.h"
#include "sbatch/dependency.h"
#include "sbatch/gres.h"
#include "sbatch/source.h"
#include "sbatch/values.h"

namespace fabrica::sbatch {

/// One option as somebody wrote it.
struct Given {
  std::string name;        // the long name without dashes: "ntasks-per-node"
  std::string value;       // quotes and escapes removed; empty for a flag
  Place place;             // of the option; its value may stand further on
  bool overruled = false;  // a later or stronger one of the same name counts instead

  friend bool operator==(const Given&, const Given&) = default;
};
FABRICA_DESCRIBE(Given, name, value, place, overruled)

/// Names as on the command line, patterns as in pattern.h; "none" has become /dev/null.
struct Files {
  std::optional<std::string> chdir;
  std::optional<std::string> output;
  std::optional<std::string> error;  // without one, the output's
  std::optional<std::string> input;
  std::optional<OpenMode> open_mode;
};
FABRICA_DESCRIBE(Files, chdir, output, error, input, open_mode)

/// Words that each site has its own list of.
struct SiteWords {
  std::optional<std::string> account;
  std::optional<std::string> partition;
  std::optional<std::string> qos;
  std::optional<std::string> reservation;
  std::optional<std::string> constraint;
  std::optional<std::string> nodelist;
  std::optional<std::string> exclude;
  std::optional<std::string> wckey;
  std::optional<std::string> clusters;
};
FABRICA_DESCRIBE(SiteWords, account, partition, qos, reservation, constraint, nodelist, exclude,
                 wckey, clusters)

/// What shape.h makes one shape of.
struct Resources {
  std::optional<NodeCount> nodes;
  std::optional<std::uint32_t> ntasks;
  std::optional<std::uint32_t> ntasks_per_node;
  std::optional<std::uint32_t> ntasks_per_socket;
  std::optional<std::uint32_t> ntasks_per_core;
  std::optional<std::uint32_t> ntasks_per_gpu;
  std::optional<std::uint32_t> cpus_per_task;
  std::optional<std::uint32_t> cpus_per_gpu;
  std::optional<std::uint32_t> cpus_min;  // --mincpus, per node
  std::optional<std::uint32_t> sockets_per_node;
  std::optional<std::uint32_t> cores_per_socket;
  std::optional<std::uint32_t> threads_per_core;
  std::optional<NodeLayout> node_layout;
  std::vector<GpuCount> gpus;
  std::vector<GpuCount> gpus_per_node;
  std::vector<GpuCount> gpus_per_task;
  std::vector<GpuCount> gpus_per_socket;
  std::vector<Gres> gres;
  std::optional<Memory> memory;
  std::optional<Memory> memory_per_cpu;
  std::optional<Memory> memory_per_gpu;
  std::optional<Memory> disk;
  std::optional<Exclusive> exclusive;
  bool oversubscribe = false;
  bool overcommit = false;
  std::vector<Hint> hints;
};
FABRICA_DESCRIBE(Resources, nodes, ntasks, ntasks_per_node, ntasks_per_socket, ntasks_per_core,
                 ntasks_per_gpu, cpus_per_task, cpus_per_gpu, cpus_min, sockets_per_node,
                 cores_per_socket, threads_per_core, node_layout, gpus, gpus_per_node,
                 gpus_per_task, gpus_per_socket, gres, memory, memory_per_cpu, memory_per_gpu, disk,
                 exclusive, oversubscribe, overcommit, hints)

/// When, how long and after what.
struct Timing {
  std::optional<TimeLimit> limit;
  std::optional<TimeLimit> limit_min;  // --time-min
  std::optional<ArraySpec> array;
  std::optional<Dependencies> dependencies;
  std::optional<bool> kill_on_invalid_dependency;
  std::optional<Moment> begin;
  std::optional<Moment> deadline;
  bool hold = false;
  std::optional<bool> requeue;
  std::optional<std::int32_t> nice;
};
FABRICA_DESCRIBE(Timing, limit, limit_min, array, dependencies, kill_on_invalid_dependency, begin,
                 deadline, hold, requeue, nice)

/// Wishes to the command that submits; they do not change the job.
struct ClientWishes {
  bool parsable = false;
  bool quiet = false;
  bool test_only = false;
  bool wait = false;
  bool ignore_pbs = false;
  bool verbose = false;
};
FABRICA_DESCRIBE(ClientWishes, parsable, quiet, test_only, wait, ignore_pbs, verbose)

/// What the script, the environment and the command line ask for together. A member that nobody
/// gave is empty; `given` holds everything that was given, also what only a Slurm site understands,
/// so that a site which cannot honour an option can refuse it by its line and column.
struct Options {
  std::optional<std::string> job_name;
  std::optional<std::string> comment;
  std::optional<std::string> wrap;  // a command line instead of a script
  Files files;
  SiteWords words;
  Resources resources;
  Timing timing;
  std::optional<SignalRequest> signal;
  std::optional<ExportRequest> environment;
  std::vector<MailEvent> mail_events;
  std::optional<std::string> mail_user;
  ClientWishes client;
  std::vector<Given> given;  // in the order of its weight: directives, environment, command line
};
FABRICA_DESCRIBE(Options, job_name, comment, wrap, files, words, resources, timing, signal,
                 environment, mail_events, mail_user, client, given)

/// The option of this long name that counts, null when nobody gave it.
const Given* effective(const Options& options, std::string_view name);

/// Its place; the first line of the script when nobody gave it.
Place place_of(const Options& options, std::string_view name);

}  // namespace fabrica::sbatch
