#include "sites/local/srun_options.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sites/local/hostlist.h"

namespace fabrica::sites::local {

namespace {

enum class Takes : std::uint8_t { nothing, a_value, maybe_a_value };

/// The options as given, before they are held against the allocation.
struct Draft {
  const Allocation* allocation = nullptr;
  StepRequest request;
  std::optional<std::uint32_t> tasks;
  std::optional<std::uint32_t> tasks_per_node;
  std::optional<std::uint32_t> cpus_per_task;
  bool overcommit = false;
  std::vector<std::string> without_effect;
};

using Apply = Result<void> (*)(Draft&, std::string_view value);

struct SrunOption {
  std::string_view name;
  char letter = 0;
  Takes takes = Takes::a_value;
  /// Exactly one of these three says what the option does: it is honoured, it is accepted without
  /// effect (`note` may say more than that), or it is refused with a hint.
  Apply apply = nullptr;
  std::string_view note = {};
  std::string_view hint = {};
};

std::unexpected<Refusal> wrong(std::string text) {
  return refuse(refusal::invalid, "", std::move(text));
}

Result<std::uint32_t> read_count(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && !text.empty()) return number;
  return wrong(fmt::format("'{}' is no whole number.", text));
}

Result<std::uint32_t> read_positive(std::string_view text) {
  TRY(const std::uint32_t number, read_count(text));
  if (number == 0) return wrong("Give a number of at least 1.");
  return number;
}

// "2", "h100:2", "gpu:h100:2": the type is the site's business, every GPU of a job here is alike.
Result<std::uint32_t> read_gpu_count(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  return read_count(colon == std::string_view::npos ? text : text.substr(colon + 1));
}

// Slurm's forms: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]].
Result<Duration> read_span(std::string_view text) {
  const std::size_t dash = text.find('-');
  std::vector<std::int64_t> parts;
  std::int64_t days_part = 0;
  std::string_view rest = text;
  if (dash != std::string_view::npos) {
    TRY(days_part, read_count(text.substr(0, dash)));
    rest.remove_prefix(dash + 1);
  }
  do {
    const std::string_view part = rest.substr(0, rest.find(':'));
    TRY(const std::uint32_t number, read_count(part));
    parts.push_back(number);
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  } while (!rest.empty() && parts.size() < 4);
  if (parts.size() > 3) return wrong(fmt::format("'{}' is no time.", text));
  // Where the days are stated, what follows starts with hours; otherwise seconds are last, but a
  // number alone is minutes.
  if (dash != std::string_view::npos || parts.size() == 3) {
    parts.resize(3);
  } else if (parts.size() == 2) {
    parts.insert(parts.begin(), 0);
  } else {
    parts = {0, parts[0], 0};
  }
  return days(days_part) + hours(parts[0]) + minutes(parts[1]) + seconds(parts[2]);
}

Result<void> apply_nodes(Draft&, std::string_view value) {
  // "1", or a range whose lower end is what the job needs.
  TRY(const std::uint32_t nodes, read_positive(value.substr(0, value.find('-'))));
  if (nodes == 1) return {};
  return wrong("This job has one node. Ask for --nodes=1, or leave the option out.");
}

Result<void> apply_gres(Draft& draft, std::string_view value) {
  if (value == "none") {
    draft.request.gpus = 0;
    return {};
  }
  if (value.find(',') != std::string_view::npos || !value.starts_with("gpu")) {
    return wrong("Only GPUs are handed out to steps here: write --gres=gpu:COUNT.");
  }
  if (value == "gpu") {
    draft.request.gpus = 1;
    return {};
  }
  TRY(draft.request.gpus, read_gpu_count(value));
  return {};
}

Result<void> apply_gpu_bind(Draft& draft, std::string_view value) {
  const std::string_view kind = value.substr(0, value.find(':'));
  if (kind == "single" || kind == "per_task") {
    TRY(draft.request.gpus_per_task, read_gpu_count(value));
    return {};
  }
  if (kind == "none" || kind == "closest" || kind == "verbose" || kind == "v") {
    draft.without_effect.push_back(fmt::format("--gpu-bind={}", value));
    return {};
  }
  return wrong(
      "Only --gpu-bind=none, closest, single:N and per_task:N are known here. To choose by "
      "hand, set CUDA_VISIBLE_DEVICES from SLURM_LOCALID in the task.");
}

Result<void> apply_node_list(Draft& draft, std::string_view value) {
  TRY(const std::vector<std::string> hosts, expand_hostlist(value));
  if (hosts == std::vector{draft.allocation->node_name}) return {};
  return wrong(fmt::format("The job's only node is {}.", draft.allocation->node_name));
}

Result<void> apply_job_id(Draft& draft, std::string_view value) {
  if (value == std::to_string(draft.allocation->job_number)) return {};
  return wrong("Steps can be started in the job that srun runs in, not in another one.");
}

Result<void> apply_open_mode(Draft& draft, std::string_view value) {
  if (value != "append" && value != "truncate" && value != "a" && value != "t") {
    return wrong("Write --open-mode=append or --open-mode=truncate.");
  }
  draft.request.append = value.front() == 'a';
  return {};
}

Result<void> apply_kill_on_bad_exit(Draft& draft, std::string_view value) {
  draft.request.kill_on_bad_exit = value != "0";
  return {};
}

Result<void> apply_wait(Draft& draft, std::string_view value) {
  TRY(const std::uint32_t number, read_count(value));
  if (number > 0) draft.request.wait = seconds(number);
  return {};
}

Result<void> apply_time(Draft& draft, std::string_view value) {
  TRY(const Duration limit, read_span(value));
  if (limit > Duration{}) draft.request.time_limit = limit;
  return {};
}

template <auto Member>
Result<void> set_text(Draft& draft, std::string_view value) {
  draft.request.*Member = value;
  return {};
}

template <auto Member>
Result<void> set_true(Draft& draft, std::string_view) {
  draft.request.*Member = true;
  return {};
}

template <auto Member>
Result<void> set_count(Draft& draft, std::string_view value) {
  TRY(draft.*Member, read_positive(value));
  return {};
}

template <auto Member>
Result<void> set_gpus(Draft& draft, std::string_view value) {
  TRY(draft.request.*Member, read_gpu_count(value));
  return {};
}

Result<void> do_nothing(Draft&, std::string_view) { return {}; }

constexpr std::string_view container_hint =
    "srun starts no containers here. Put the container program into the command instead, for "
    "example: srun apptainer exec IMAGE PROGRAM";
constexpr std::string_view alone_hint =
    "Start the programs one by one, with & after each srun and wait at the end.";

constexpr Takes nothing = Takes::nothing;
constexpr Takes a_value = Takes::a_value;
constexpr Takes maybe_a_value = Takes::maybe_a_value;

// srun(1) of Slurm 23.11.
constexpr std::array srun_options{
    SrunOption{"ntasks", 'n', a_value, set_count<&Draft::tasks>},
    SrunOption{"nodes", 'N', a_value, apply_nodes},
    SrunOption{"ntasks-per-node", 0, a_value, set_count<&Draft::tasks_per_node>},
    SrunOption{"tasks-per-node", 0, a_value, set_count<&Draft::tasks_per_node>},
    SrunOption{"cpus-per-task", 'c', a_value, set_count<&Draft::cpus_per_task>},
    SrunOption{"overcommit", 'O', nothing,
               [](Draft& draft, std::string_view) -> Result<void> {
                 draft.overcommit = true;
                 return {};
               }},
    SrunOption{"exact", 0, nothing, set_true<&StepRequest::exclusive>},
    SrunOption{"exclusive", 0, maybe_a_value, set_true<&StepRequest::exclusive>},
    SrunOption{"overlap", 0, nothing, do_nothing},
    SrunOption{"label", 'l', nothing, set_true<&StepRequest::label>},
    SrunOption{"unbuffered", 'u', nothing, do_nothing},
    SrunOption{"quiet", 'Q', nothing, set_true<&StepRequest::quiet>},
    SrunOption{"verbose", 'v', nothing, do_nothing},
    SrunOption{"output", 'o', a_value, set_text<&StepRequest::output>},
    SrunOption{"error", 'e', a_value, set_text<&StepRequest::error>},
    SrunOption{"input", 'i', a_value, set_text<&StepRequest::input>},
    SrunOption{"open-mode", 0, a_value, apply_open_mode},
    SrunOption{"kill-on-bad-exit", 'K', maybe_a_value, apply_kill_on_bad_exit},
    SrunOption{"wait", 'W', a_value, apply_wait},
    SrunOption{"time", 't', a_value, apply_time},
    SrunOption{"export", 0, a_value, set_text<&StepRequest::export_option>},
    SrunOption{"chdir", 'D', a_value, set_text<&StepRequest::working_directory>},
    SrunOption{"job-name", 'J', a_value, set_text<&StepRequest::name>},
    SrunOption{"jobid", 0, a_value, apply_job_id},
    SrunOption{"nodelist", 'w', a_value, apply_node_list},
    SrunOption{"gpus", 'G', a_value, set_gpus<&StepRequest::gpus>},
    SrunOption{"gpus-per-node", 0, a_value, set_gpus<&StepRequest::gpus>},
    SrunOption{"gpus-per-task", 0, a_value, set_gpus<&StepRequest::gpus_per_task>},
    SrunOption{"gres", 0, a_value, apply_gres},
    SrunOption{"gpu-bind", 0, a_value, apply_gpu_bind},

    SrunOption{
        "mpi", 0, a_value, nullptr,
        "no process manager interface is offered here: an MPI program must be started by its "
        "own mpirun, programs that read SLURM_PROCID work as they are"},
    SrunOption{"cpu-bind", 0, a_value, nullptr, "the job's cores are shared by its tasks"},
    SrunOption{"mem", 0, a_value, nullptr, "the job's memory is shared by its steps"},
    SrunOption{"mem-per-cpu", 0, a_value, nullptr, "the job's memory is shared by its steps"},
    SrunOption{"mem-per-gpu", 0, a_value, nullptr, "the job's memory is shared by its steps"},
    SrunOption{"mem-bind", 0, a_value},
    SrunOption{"hint", 0, a_value},
    SrunOption{"distribution", 'm', a_value},
    SrunOption{"threads-per-core", 0, a_value},
    SrunOption{"ntasks-per-core", 0, a_value},
    SrunOption{"ntasks-per-socket", 0, a_value},
    SrunOption{"ntasks-per-gpu", 0, a_value},
    SrunOption{"cpus-per-gpu", 0, a_value},
    SrunOption{"sockets-per-node", 0, a_value},
    SrunOption{"cores-per-socket", 0, a_value},
    SrunOption{"extra-node-info", 'B', a_value},
    SrunOption{"no-kill", 'k', maybe_a_value},
    SrunOption{"use-min-nodes", 0, nothing},
    SrunOption{"spread-job", 0, nothing},
    SrunOption{"contiguous", 0, nothing},
    SrunOption{"partition", 'p', a_value},
    SrunOption{"account", 'A', a_value},
    SrunOption{"qos", 'q', a_value},
    SrunOption{"constraint", 'C', a_value},
    SrunOption{"reservation", 0, a_value},
    SrunOption{"comment", 0, a_value},
    SrunOption{"wckey", 0, a_value},
    SrunOption{"acctg-freq", 0, a_value},
    SrunOption{"profile", 0, a_value},
    SrunOption{"cpu-freq", 0, a_value},
    SrunOption{"gpu-freq", 0, a_value},
    SrunOption{"network", 0, a_value},
    SrunOption{"resv-ports", 0, maybe_a_value},
    SrunOption{"slurmd-debug", 0, a_value},
    SrunOption{"propagate", 0, maybe_a_value},
    SrunOption{"preserve-env", 'E', nothing},
    SrunOption{"disable-status", 'X', nothing},
    SrunOption{"immediate", 'I', maybe_a_value},
    SrunOption{"msg-timeout", 0, a_value},
    SrunOption{"threads", 'T', a_value},
    SrunOption{"switches", 0, a_value},
    SrunOption{"tmp", 0, a_value},
    SrunOption{"mincpus", 0, a_value},

    SrunOption{"multi-prog", 0, nothing, nullptr, {}, alone_hint},
    SrunOption{
        "het-group", 0, a_value, nullptr, {}, "This job has one part. Leave the option out."},
    SrunOption{
        "relative", 'r', a_value, nullptr, {}, "This job has one node. Leave the option out."},
    SrunOption{
        "exclude", 'x', a_value, nullptr, {}, "This job has one node. Leave the option out."},
    SrunOption{"pty", 0, maybe_a_value, nullptr, {}, "A job here has no terminal."},
    SrunOption{"bcast",
               0,
               maybe_a_value,
               nullptr,
               {},
               "This job has one node and needs no copies. Leave the option out."},
    SrunOption{"container", 0, a_value, nullptr, {}, container_hint},
    SrunOption{"container-image", 0, a_value, nullptr, {}, container_hint},
    SrunOption{"container-mounts", 0, a_value, nullptr, {}, container_hint},
    SrunOption{"container-name", 0, a_value, nullptr, {}, container_hint},
    SrunOption{"container-save", 0, a_value, nullptr, {}, container_hint},
    SrunOption{"container-workdir", 0, a_value, nullptr, {}, container_hint},
    SrunOption{"container-env", 0, a_value, nullptr, {}, container_hint},
    SrunOption{"container-mount-home", 0, nothing, nullptr, {}, container_hint},
    SrunOption{"no-container-mount-home", 0, nothing, nullptr, {}, container_hint},
    SrunOption{"container-remap-root", 0, nothing, nullptr, {}, container_hint},
    SrunOption{"container-writable", 0, nothing, nullptr, {}, container_hint},
    SrunOption{"signal",
               0,
               a_value,
               nullptr,
               {},
               "Put --signal into the script's #SBATCH lines: there it holds for all steps."},
    SrunOption{"dependency",
               'd',
               a_value,
               nullptr,
               {},
               "A step starts at once. Put --dependency into the script's #SBATCH lines."},
    SrunOption{"begin",
               'b',
               a_value,
               nullptr,
               {},
               "A step starts at once. Put --begin into the script's #SBATCH lines."},
    SrunOption{"licenses", 'L', a_value, nullptr, {}, "This site hands out no licences."},
    SrunOption{"prolog", 0, a_value, nullptr, {}, "Call the program from the script instead."},
    SrunOption{"epilog", 0, a_value, nullptr, {}, "Call the program from the script instead."},
    SrunOption{"task-prolog", 0, a_value, nullptr, {}, "Call the program from the task instead."},
    SrunOption{"task-epilog", 0, a_value, nullptr, {}, "Call the program from the task instead."},
    SrunOption{"no-allocate", 'Z', nothing, nullptr, {}, "A step belongs to its job."},
    SrunOption{"uid", 0, a_value, nullptr, {}, "A step runs as its job does."},
    SrunOption{"gid", 0, a_value, nullptr, {}, "A step runs as its job does."},
    SrunOption{"test-only", 0, nothing, nullptr, {}, "Use: fabrica plan SCRIPT"},
};

Result<const SrunOption*> find_long(std::string_view name) {
  const SrunOption* found = nullptr;
  for (const SrunOption& option : srun_options) {
    if (option.name == name) return &option;
    if (!option.name.starts_with(name)) continue;
    if (found != nullptr) {
      return wrong(
          fmt::format("--{} may be --{} or --{}: write it out.", name, found->name, option.name));
    }
    found = &option;
  }
  if (found != nullptr) return found;
  return wrong(fmt::format("The option --{} is not known to this site's srun.", name));
}

Result<const SrunOption*> find_short(char letter) {
  for (const SrunOption& option : srun_options) {
    if (option.letter == letter) return &option;
  }
  return wrong(fmt::format("The option -{} is not known to this site's srun.", letter));
}

Result<void> use(Draft& draft, const SrunOption& option, std::string_view value) {
  if (!option.hint.empty()) {
    return wrong(fmt::format("--{} cannot be honoured here. {}", option.name, option.hint));
  }
  if (option.apply != nullptr) {
    if (Result<void> done = option.apply(draft, value); !done) {
      return wrong(fmt::format("--{}: {}", option.name, done.error().text));
    }
    return {};
  }
  if (option.note.empty()) {
    draft.without_effect.push_back(fmt::format("--{}", option.name));
  } else {
    draft.request.notes.push_back(
        fmt::format("--{} has no effect here: {}", option.name, option.note));
  }
  return {};
}

/// The words of the command line, taken one after the other.
class Words {
 public:
  explicit Words(std::span<const std::string> words) : rest_(words) {}
  bool empty() const { return rest_.empty(); }
  std::string_view front() const { return rest_.front(); }
  std::string_view take() {
    const std::string_view word = rest_.front();
    rest_ = rest_.subspan(1);
    return word;
  }
  std::vector<std::string> all() const { return {rest_.begin(), rest_.end()}; }

 private:
  std::span<const std::string> rest_;
};

Result<void> take_long(Draft& draft, std::string_view word, Words& words) {
  const std::size_t equals = word.find('=');
  TRY(const SrunOption* option, find_long(word.substr(0, equals)));
  std::string_view value;
  if (equals != std::string_view::npos) {
    value = word.substr(equals + 1);
    if (option->takes == Takes::nothing) {
      return wrong(fmt::format("--{} takes no value.", option->name));
    }
  } else if (option->takes == Takes::a_value) {
    if (words.empty()) return wrong(fmt::format("--{} needs a value.", option->name));
    value = words.take();
  }
  return use(draft, *option, value);
}

// "-n4", "-n 4", "-lu": letters without values may stand together.
Result<void> take_short(Draft& draft, std::string_view letters, Words& words) {
  while (!letters.empty()) {
    TRY(const SrunOption* option, find_short(letters.front()));
    letters.remove_prefix(1);
    if (option->takes == Takes::nothing) {
      TRY_DONE(use(draft, *option, ""));
      continue;
    }
    std::string_view value = letters;
    if (value.starts_with('=')) value.remove_prefix(1);
    if (value.empty() && option->takes == Takes::a_value) {
      if (words.empty()) return wrong(fmt::format("-{} needs a value.", option->letter));
      value = words.take();
    }
    return use(draft, *option, value);
  }
  return {};
}

Result<void> size_step(Draft& draft) {
  const Allocation& job = *draft.allocation;
  StepRequest& step = draft.request;
  step.tasks =
      draft.tasks.value_or(draft.tasks_per_node.value_or(job.tasks_per_node.value_or(job.tasks)));
  // Each is at most 2^32 - 1, so no product of two overflows.
  const auto cores_of = [&](std::uint32_t each) { return std::uint64_t{step.tasks} * each; };
  const std::uint32_t usual = job.cpus_per_task.value_or(1);
  step.cpus_per_task = draft.cpus_per_task.value_or(cores_of(usual) <= job.cores ? usual : 1);
  if (cores_of(step.cpus_per_task) > job.cores) {
    if (!draft.overcommit) {
      return wrong(
          fmt::format("{} tasks of {} cores need more than the {} cores of this job. Ask "
                      "for more in the script's #SBATCH lines, or add --overcommit.",
                      step.tasks, step.cpus_per_task, job.cores));
    }
    step.exclusive = false;
  }
  if (draft.tasks && draft.tasks_per_node && *draft.tasks > *draft.tasks_per_node) {
    return wrong(fmt::format("{} tasks do not fit {} on each of one node.", *draft.tasks,
                             *draft.tasks_per_node));
  }
  return {};
}

Result<void> size_gpus(Draft& draft) {
  const Allocation& job = *draft.allocation;
  StepRequest& step = draft.request;
  if (!step.gpus_per_task && !step.gpus) step.gpus_per_task = job.gpus_per_task;
  const std::uint64_t wanted =
      step.gpus_per_task ? std::uint64_t{*step.gpus_per_task} * step.tasks : step.gpus.value_or(0);
  const std::uint64_t most = std::max<std::uint64_t>(wanted, step.gpus.value_or(0));
  if (most <= job.gpus.size()) return {};
  return wrong(
      fmt::format("The step asks for {} GPUs, the job has {}. Ask for more in the script's "
                  "#SBATCH lines.",
                  most, job.gpus.size()));
}

}  // namespace

Result<StepRequest> parse_srun(std::span<const std::string> arguments,
                               const Allocation& allocation) {
  Draft draft;
  draft.allocation = &allocation;
  Words words(arguments);
  while (!words.empty() && words.front().starts_with('-') && words.front() != "-") {
    const std::string_view word = words.take();
    if (word == "--") break;
    if (word.starts_with("--")) {
      TRY_DONE(take_long(draft, word.substr(2), words));
    } else {
      TRY_DONE(take_short(draft, word.substr(1), words));
    }
  }
  if (words.empty()) return wrong("Name the command to run: srun [options] COMMAND [arguments]");
  draft.request.command = words.all();
  TRY_DONE(size_step(draft));
  TRY_DONE(size_gpus(draft));
  if (!draft.without_effect.empty()) {
    draft.request.notes.push_back(fmt::format("accepted without effect on one node: {}",
                                              fmt::join(draft.without_effect, ", ")));
  }
  return draft.request;
}

}  // namespace fabrica::sites::local
