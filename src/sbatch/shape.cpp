#include "sbatch/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "sbatch/hostlist.h"

namespace fabrica::sbatch {
namespace {

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

std::uint32_t narrow(std::uint64_t number) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
}

/// GPUs asked for in one of the ways; zero when not in this one.
struct GpuWish {
  std::string_view option;
  std::uint64_t count = 0;
};

/// Makes one shape of the options. The steps build on each other: GPUs as asked for, nodes, tasks,
/// GPUs in all, and the rest. Rules and their order are those of sbatch 22.05.8, found by trying
/// it.
class ShapeMaker {
 public:
  ShapeMaker(const Options& options, Findings& findings)
      : options_(options), asked_(options.resources), findings_(findings) {}

  Shape make() {
    if (!check_rivals()) return std::move(shape_);
    read_gpus();
    set_nodes();
    set_tasks();
    set_gpus();
    check_gpus_per_task();
    set_layout();
    set_memory();
    set_time();
    check_limits();
    return std::move(shape_);
  }

 private:
  void error(std::string_view option, std::string text, std::string hint) {
    findings_.error(place_of(options_, option), fmt::format("--{}", option), std::move(text),
                    std::move(hint));
  }
  void warn(std::string_view option, std::string text, std::string hint) {
    findings_.warning(place_of(options_, option), fmt::format("--{}", option), std::move(text),
                      std::move(hint));
  }

  /// Options of which sbatch takes only one.
  bool check_rivals() {
    bool alone = true;
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> rivals{
        {{"mem", "mem-per-cpu"},
         {"mem", "mem-per-gpu"},
         {"mem-per-cpu", "mem-per-gpu"},
         {"core-spec", "thread-spec"},
         {"cpus-per-gpu", "cpus-per-task"},
         {"ntasks-per-gpu", "gpus-per-task"},
         {"ntasks-per-gpu", "gpus-per-socket"},
         {"ntasks-per-gpu", "ntasks-per-node"}}};
    for (const auto& [one, other] : rivals) {
      const Given* first = effective(options_, one);
      const Given* second = first != nullptr ? effective(options_, other) : nullptr;
      if (second == nullptr) continue;
      alone = false;
      findings_.error(second->place, fmt::format("--{}", other),
                      fmt::format("--{} and --{} cannot be given together.", one, other),
                      "Keep one of them.");
    }
    return alone;
  }

  // GPUs as asked for.

  GpuWish read_wish(std::string_view option, const std::vector<GpuCount>& list) {
    GpuWish wish{option, 0};
    for (const GpuCount& part : list) {
      wish.count += part.count;
      if (part.count > 0) note_type(option, part.type);
    }
    return wish;
  }

  /// One job, one type of GPU. sbatch too refuses counts with and without a type side by side.
  void note_type(std::string_view option, std::string_view type) {
    if (!type_known_) {
      shape_.gpu_type = type;
      type_known_ = true;
    } else if (shape_.gpu_type != type) {
      const auto quoted = [](std::string_view name) {
        return name.empty() ? std::string("no type") : fmt::format("\"{}\"", name);
      };
      error(option,
            fmt::format("The GPUs are of {} here and of {} before.", quoted(type),
                        quoted(shape_.gpu_type)),
            "Ask for one type of GPU everywhere.");
    }
  }

  void read_gpus() {
    per_node_ = read_wish("gpus-per-node", asked_.gpus_per_node);
    per_job_ = read_wish("gpus", asked_.gpus);
    per_task_ = read_wish("gpus-per-task", asked_.gpus_per_task);
    per_socket_ = read_wish("gpus-per-socket", asked_.gpus_per_socket);
    std::vector<GpuCount> in_gres;
    for (const Gres& gres : asked_.gres) {
      if (gres.name == "gpu") in_gres.push_back({gres.type, narrow(gres.count)});
    }
    const GpuWish gres = read_wish("gres", in_gres);
    if (gres.count > 0 && per_node_.count > 0 && gres.count != per_node_.count) {
      error("gpus-per-node",
            fmt::format("--gres asks for {} GPUs per node, --gpus-per-node for {}.", gres.count,
                        per_node_.count),
            "Keep one of them.");
    }
    if (per_node_.count == 0) per_node_ = {gres.count > 0 ? "gres" : "gpus-per-node", gres.count};
    if (per_socket_.count > 0) set_gpus_per_node_by_socket();
    check_multiple(per_job_, per_node_);
    check_multiple(per_job_, per_task_);
    check_multiple(per_node_, per_task_);
    if (!asked_.gres.empty() && in_gres.empty() && !asks_for_gpus()) {
      findings_.remark(place_of(options_, "gres"), "--gres", "This asks for no GPU.",
                       "If one is meant, add gpu:1 to the list.");
    }
  }

  bool asks_for_gpus() const {
    return per_node_.count > 0 || per_job_.count > 0 || per_task_.count > 0 ||
           per_socket_.count > 0 || asked_.ntasks_per_gpu.has_value();
  }

  void check_multiple(const GpuWish& whole, const GpuWish& part) {
    if (whole.count == 0 || part.count == 0 || whole.count % part.count == 0) return;
    error(whole.option,
          fmt::format("{} GPUs (--{}) are no multiple of {} (--{}).", whole.count, whole.option,
                      part.count, part.option),
          "Make the counts fit each other.");
  }

  std::uint64_t sockets() const {
    if (asked_.sockets_per_node) return *asked_.sockets_per_node;
    if (asked_.node_layout && asked_.node_layout->sockets) return *asked_.node_layout->sockets;
    return 0;
  }

  void set_gpus_per_node_by_socket() {
    if (sockets() == 0) {
      error("gpus-per-socket", "Without the number of sockets nobody knows how many GPUs this is.",
            "Add --sockets-per-node, or use --gpus-per-node.");
      return;
    }
    const std::uint64_t count = per_socket_.count * sockets();
    if (per_node_.count > 0 && per_node_.count != count) {
      error("gpus-per-socket",
            fmt::format("{} GPUs on each of {} sockets are not the {} per node of --{}.",
                        per_socket_.count, sockets(), per_node_.count, per_node_.option),
            "Keep one of them.");
    }
    if (per_node_.count == 0 && per_job_.count == 0) per_node_ = {"gpus-per-socket", count};
  }

  // Nodes.

  bool nodes_fixed() const { return asked_.nodes && asked_.nodes->min == asked_.nodes->max; }

  void set_nodes() {
    if (asked_.nodes) {
      shape_.nodes_min = asked_.nodes->min;
      shape_.nodes_max = asked_.nodes->max;
      shrink_nodes_to_tasks();
    } else {
      find_nodes();
    }
    if (options_.words.nodelist) set_nodes_by_list(hosts_in(*options_.words.nodelist));
    if (per_job_.count == 0) return;
    if (per_node_.count > 0) {
      set_nodes_by_gpus(per_job_.count / per_node_.count);
    } else if (per_job_.count < shape_.nodes_min) {
      error("gpus",
            fmt::format("{} GPUs are fewer than {} nodes.", per_job_.count, shape_.nodes_min),
            "--gpus counts all GPUs of the job; for GPUs on each node use --gpus-per-node.");
    } else {
      shape_.nodes_max = narrow(std::min<std::uint64_t>(shape_.nodes_max, per_job_.count));
    }
  }

  /// The job gets all nodes of --nodelist, and others if it needs more.
  void set_nodes_by_list(std::uint64_t hosts) {
    if (asked_.nodes && hosts > asked_.nodes->max) {
      error("nodelist",
            fmt::format("{} nodes are listed, but at most {} are asked for.", hosts,
                        asked_.nodes->max),
            "List as many as --nodes says, or fewer.");
      return;
    }
    if (asked_.ntasks) hosts = std::min<std::uint64_t>(hosts, *asked_.ntasks);
    shape_.nodes_min = std::max(shape_.nodes_min, narrow(hosts));
    shape_.nodes_max = std::max(shape_.nodes_max, shape_.nodes_min);
  }

  void shrink_nodes_to_tasks() {
    if (!asked_.ntasks || *asked_.ntasks >= shape_.nodes_min) {
      if (asked_.ntasks) shape_.nodes_max = std::min(shape_.nodes_max, *asked_.ntasks);
      return;
    }
    warn("nodes",
         fmt::format("{} tasks cannot fill {} nodes; the job gets {} nodes.", *asked_.ntasks,
                     shape_.nodes_min, *asked_.ntasks),
         "Ask for as many tasks as nodes at least.");
    shape_.nodes_min = shape_.nodes_max = *asked_.ntasks;
  }

  /// Nobody gave --nodes.
  void find_nodes() {
    std::uint64_t per_node = asked_.ntasks_per_node.value_or(0);
    if (per_node == 0 && per_task_.count > 0) per_node = per_node_.count / per_task_.count;
    if (asked_.ntasks && per_node > 0) {
      shape_.nodes_min = shape_.nodes_max = narrow(divide_up(*asked_.ntasks, per_node));
    } else if (asked_.ntasks) {
      shape_.nodes_max = *asked_.ntasks;
    } else if (per_job_.count > 0) {
      shape_.nodes_max = narrow(per_job_.count);
    }
  }

  void set_nodes_by_gpus(std::uint64_t nodes) {
    const bool asked = asked_.nodes.has_value();
    if (nodes == 0 || (asked && (nodes < shape_.nodes_min || nodes > shape_.nodes_max))) {
      error("gpus",
            fmt::format("{} GPUs with {} on each node make {} nodes, but {} are asked for.",
                        per_job_.count, per_node_.count, nodes,
                        shape_.nodes_min == shape_.nodes_max
                            ? fmt::format("{}", shape_.nodes_min)
                            : fmt::format("{} to {}", shape_.nodes_min, shape_.nodes_max)),
            "--gpus counts all GPUs of the job; leave it out, or make the counts fit.");
      return;
    }
    shape_.nodes_min = shape_.nodes_max = narrow(nodes);
  }

  // Tasks.

  void set_tasks() {
    std::uint64_t tasks = shape_.nodes_min;
    shape_.tasks_follow_nodes = true;
    if (asked_.ntasks) {
      tasks = *asked_.ntasks;
      shape_.tasks_follow_nodes = false;
    } else if (asked_.ntasks_per_node) {
      tasks = std::uint64_t{shape_.nodes_min} * *asked_.ntasks_per_node;
    } else if (asked_.ntasks_per_gpu) {
      // Below, when the GPUs are known.
    } else if (const std::uint64_t implied = tasks_by_layout(); implied > 0) {
      tasks = implied;
      shape_.tasks_follow_nodes = nodes_fixed();
    } else if (per_task_.count > 0 && per_job_.count > 0 && !nodes_fixed()) {
      tasks = per_job_.count / per_task_.count;
      shape_.tasks_follow_nodes = false;
    }
    if (asked_.ntasks_per_gpu) tasks = set_tasks_by_gpus(tasks);
    tasks_ = tasks;
  }

  /// -B and its parts count one task for each thread that they name: for the nodes of --nodes, or
  /// -B alone for one. Zero when they say nothing.
  std::uint64_t tasks_by_layout() const {
    const NodeLayout layout = asked_.node_layout.value_or(NodeLayout{});
    const auto cores = asked_.cores_per_socket ? asked_.cores_per_socket : layout.cores;
    const auto threads = asked_.threads_per_core ? asked_.threads_per_core : layout.threads;
    const bool says = sockets() > 0 || cores || threads;
    if (!says || (asked_.nodes ? !nodes_fixed() : !asked_.node_layout)) return 0;
    const std::uint64_t one_node =
        std::min<std::uint64_t>(std::max<std::uint64_t>(sockets(), 1) * cores.value_or(1),
                                limits::tasks_max) *
        threads.value_or(1);
    return std::min<std::uint64_t>(one_node, limits::tasks_max) *
           (asked_.nodes ? shape_.nodes_min : 1);
  }

  std::uint64_t set_tasks_by_gpus(std::uint64_t tasks) {
    const std::uint64_t each = *asked_.ntasks_per_gpu;
    if (per_job_.count > 0) {
      shape_.tasks_follow_nodes = false;
      return checked_tasks(per_job_.count * each);
    }
    if (per_node_.count > 0) {
      shape_.tasks_follow_nodes = true;
      return checked_tasks(per_node_.count * shape_.nodes_min * each);
    }
    if (asked_.ntasks) {
      if (tasks % each != 0) {
        error("ntasks-per-gpu", fmt::format("{} tasks are no multiple of {} per GPU.", tasks, each),
              "Make the counts fit each other.");
      }
      per_job_ = {"ntasks-per-gpu", divide_up(tasks, each)};
      return tasks;
    }
    if (!asked_.nodes) {
      error("ntasks-per-gpu", "This needs a number of GPUs, of tasks or of nodes.",
            "Add --gpus or --ntasks.");
      return tasks;
    }
    per_node_ = {"ntasks-per-gpu", 1};
    return each * shape_.nodes_min;
  }

  /// The tasks that the GPUs make, which count more than --ntasks.
  std::uint64_t checked_tasks(std::uint64_t tasks) {
    if (asked_.ntasks && *asked_.ntasks != tasks) {
      warn("ntasks",
           fmt::format("--ntasks-per-gpu makes {} tasks, not {}; that counts.", tasks,
                       *asked_.ntasks),
           "Leave --ntasks out.");
    }
    return tasks;
  }

  // GPUs in all.

  void set_gpus() {
    std::uint64_t gpus = per_job_.count;
    if (gpus == 0 && per_node_.count > 0) {
      gpus = per_node_.count * shape_.nodes_min;
      shape_.gpus_follow_nodes = true;
    } else if (gpus == 0 && per_task_.count > 0) {
      gpus = per_task_.count * tasks_;
      shape_.gpus_follow_nodes = shape_.tasks_follow_nodes;
    }
    gpus_ = gpus;
    if (gpus == 0 && asked_.memory_per_gpu && asked_.memory_per_gpu->mib > 0) {
      error("mem-per-gpu", "No GPU is asked for.", "Add --gpus-per-node, or use --mem.");
    }
    if (gpus == 0 && asked_.cpus_per_gpu) {
      warn("cpus-per-gpu", "This does nothing, for no GPU is asked for.", "Use --cpus-per-task.");
    }
  }

  void check_gpus_per_task() {
    if (per_task_.count == 0) return;
    const bool counted = asked_.ntasks || asked_.ntasks_per_node || asked_.nodes ||
                         per_job_.count > 0 || tasks_by_layout() > 0;
    if (!counted) {
      error("gpus-per-task", "Without a number of tasks nobody knows how many GPUs this is.",
            "Add --ntasks.");
    } else if (per_job_.count > 0 && per_job_.count != per_task_.count * tasks_) {
      error("gpus",
            fmt::format("{} GPUs are not {} for each of {} tasks.", per_job_.count, per_task_.count,
                        tasks_),
            "Make the counts fit each other, or leave --gpus out.");
    } else if (asked_.ntasks_per_node && per_node_.count > 0 &&
               per_node_.count != per_task_.count * *asked_.ntasks_per_node) {
      error(per_node_.option,
            fmt::format("{} GPUs per node are not {} for each of {} tasks per node.",
                        per_node_.count, per_task_.count, *asked_.ntasks_per_node),
            "Make the counts fit each other, or leave one out.");
    }
  }

  // What one node gets.

  void set_layout() {
    const std::uint64_t nodes = shape_.nodes_min;
    const bool fixed = shape_.nodes_min == shape_.nodes_max;
    std::uint64_t per_node = 0;
    if (asked_.ntasks_per_node) {
      per_node = std::min<std::uint64_t>(*asked_.ntasks_per_node, tasks_);
      if (tasks_ > per_node * shape_.nodes_max) {
        warn("ntasks-per-node",
             fmt::format("{} tasks do not fit {} on each of {} nodes; this is ignored.", tasks_,
                         per_node, shape_.nodes_max),
             "Make the counts fit each other.");
        per_node = fixed ? divide_up(tasks_, nodes) : 0;
      }
    } else if (fixed || shape_.tasks_follow_nodes) {
      per_node = divide_up(tasks_, nodes);
    }
    shape_.tasks_per_node = narrow(per_node);
    std::uint64_t gpus_per_node = per_node_.count;
    if (gpus_per_node == 0 && per_task_.count > 0 && per_node > 0) {
      gpus_per_node = per_task_.count * per_node;
    } else if (gpus_per_node == 0 && fixed) {
      gpus_per_node = divide_up(gpus_, nodes);  // one node may have one more than another
    }
    gpus_per_node_ = gpus_per_node;
    shape_.gpus_per_task = narrow(per_task_.count);
    shape_.cpus_per_task = asked_.cpus_per_task.value_or(1);
    shape_.cpus_per_gpu = asked_.cpus_per_gpu.value_or(0);
    shape_.cpus_per_node_min = asked_.cpus_min.value_or(0);
    shape_.overcommit = asked_.overcommit;
    shape_.exclusive = asked_.exclusive == Exclusive::node;
  }

  void set_memory() {
    const auto set = [&](const std::optional<Memory>& memory, MemoryPer per) {
      if (!memory) return;
      shape_.memory_per = memory->mib == 0 ? MemoryPer::node : per;
      shape_.memory_mib = memory->mib;
      shape_.memory_whole_node = memory->mib == 0;
    };
    set(asked_.memory, MemoryPer::node);
    set(asked_.memory_per_cpu, MemoryPer::cpu);
    // Zero per GPU is no wish: the job gets what it gets without the option.
    if (asked_.memory_per_gpu != Memory{0}) set(asked_.memory_per_gpu, MemoryPer::gpu);
  }

  void set_time() {
    const auto& limit = options_.timing.limit;
    const auto& least = options_.timing.limit_min;
    if (limit) {
      shape_.time_limit = limit->span;
      shape_.time_unlimited = !limit->span;
    }
    if (limit && limit->span && least && (!least->span || *least->span > *limit->span)) {
      error("time-min",
            fmt::format("The least time, {}, is more than the limit, {}.", to_string(*least),
                        to_string(*limit)),
            "Make --time-min the shorter one.");
    }
  }

  /// The option that made the tasks so many.
  std::string_view tasks_option() const {
    if (asked_.ntasks) return "ntasks";
    if (asked_.ntasks_per_node) return "ntasks-per-node";
    if (asked_.ntasks_per_gpu) return "ntasks-per-gpu";
    if (asked_.node_layout) return "extra-node-info";
    return "nodes";
  }

  void check_limits() {
    const auto bound = [&](std::string_view option, std::uint64_t number, std::uint64_t most,
                           std::string_view what) {
      if (number <= most) return;
      error(option,
            fmt::format("{} {} are more than {}, the most that is taken.", number, what, most),
            "Ask for less, or split the job.");
    };
    bound("nodes", shape_.nodes_min, limits::nodes_max, "nodes");
    bound(tasks_option(), tasks_, limits::tasks_max, "tasks");
    bound(per_node_.option, gpus_per_node_, limits::gpus_per_node_max, "GPUs on one node");
    bound(per_job_.count > 0 ? "gpus" : per_node_.option, gpus_,
          std::uint64_t{limits::gpus_per_node_max} * limits::nodes_max, "GPUs");
    bound("cpus-per-task", shape_.cpus_per_task, limits::cores_per_node_max, "CPUs for one task");
    bound("cpus-per-gpu", shape_.cpus_per_gpu, limits::cores_per_node_max, "CPUs for one GPU");
    bound("mincpus", shape_.cpus_per_node_min, limits::cores_per_node_max, "CPUs on one node");
    shape_.nodes_max = std::min(shape_.nodes_max, limits::nodes_max);
    shape_.tasks = narrow(tasks_);
    shape_.gpus = narrow(gpus_);
    shape_.gpus_per_node = narrow(gpus_per_node_);
    if (gpus_ == 0) shape_.gpu_type.clear();
  }

  const Options& options_;
  const Resources& asked_;
  Findings& findings_;
  Shape shape_;
  bool type_known_ = false;
  GpuWish per_node_, per_job_, per_task_, per_socket_;
  std::uint64_t tasks_ = 1;
  std::uint64_t gpus_ = 0;
  std::uint64_t gpus_per_node_ = 0;
};

}  // namespace

Shape shape_of(const Options& options, Findings& findings) {
  return ShapeMaker(options, findings).make();
}

Shape on_nodes(const Shape& shape, std::uint32_t nodes) {
  CHECK(nodes >= shape.nodes_min && nodes <= shape.nodes_max,
        "a job runs on as many nodes as it asked for");
  Shape fixed = shape;
  const auto scaled = [&](std::uint32_t number) {
    return narrow(divide_up(std::uint64_t{number} * nodes, shape.nodes_min));
  };
  fixed.nodes_min = fixed.nodes_max = nodes;
  if (shape.tasks_follow_nodes) fixed.tasks = scaled(shape.tasks);
  if (shape.gpus_follow_nodes) fixed.gpus = scaled(shape.gpus);
  if (fixed.tasks_per_node == 0) fixed.tasks_per_node = narrow(divide_up(fixed.tasks, nodes));
  if (fixed.gpus_per_node == 0 && fixed.gpus > 0) {
    // GPUs that tasks bring with them come in the tasks' portions.
    const std::uint64_t portion = std::max<std::uint32_t>(fixed.gpus_per_task, 1);
    fixed.gpus_per_node = narrow(divide_up(divide_up(fixed.gpus, portion), nodes) * portion);
  }
  return fixed;
}

std::uint32_t cpus_per_node(const Shape& shape) {
  const std::uint64_t tasks = shape.overcommit ? 1 : shape.tasks_per_node;
  const std::uint64_t by_tasks = tasks * shape.cpus_per_task;
  const std::uint64_t by_gpus = std::uint64_t{shape.gpus_per_node} * shape.cpus_per_gpu;
  return narrow(std::max({by_tasks, by_gpus, std::uint64_t{shape.cpus_per_node_min}}));
}

std::optional<std::uint64_t> memory_mib_per_node(const Shape& shape) {
  if (shape.memory_whole_node) return std::nullopt;
  switch (shape.memory_per) {
    case MemoryPer::unset:
      return std::nullopt;
    case MemoryPer::node:
      return shape.memory_mib;
    case MemoryPer::cpu:
      return shape.memory_mib * cpus_per_node(shape);
    case MemoryPer::gpu:
      return shape.memory_mib * shape.gpus_per_node;
  }
  return std::nullopt;
}

}  // namespace fabrica::sbatch
