#include "sbatch/option_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sbatch/hostlist.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

// Setters. Where a value belongs is a path of members: put<parse_count, &Options::resources,
// &Resources::ntasks>.
template <auto First, auto... Rest>
auto& member(auto& object) {
  if constexpr (sizeof...(Rest) == 0) {
    return object.*First;
  } else {
    return member<Rest...>(object.*First);
  }
}

template <auto Parse, auto... Path>
Result<void> put(Options& options, std::string_view value) {
  auto parsed = Parse(value);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  member<Path...>(options) = *std::move(parsed);
  return {};
}

template <auto... Path>
Result<void> put_text(Options& options, std::string_view value) {
  member<Path...>(options) = std::string(value);
  return {};
}

/// "none" in either case is no file at all.
template <auto Member>
Result<void> put_file(Options& options, std::string_view value) {
  options.files.*Member = equal_in_any_case(value, "none") ? "/dev/null" : std::string(value);
  return {};
}

/// For flags, which have no value to read.
template <bool Value, auto... Path>
Result<void> put_flag(Options& options, std::string_view) {
  member<Path...>(options) = Value;
  return {};
}

/// Parses and forgets: the site gets the text.
template <auto Parse>
Result<void> check(Options&, std::string_view value) {
  auto parsed = Parse(value);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  return {};
}

Result<void> put_exclusive(Options& options, std::string_view value) {
  options.resources.oversubscribe = false;
  return put<parse_exclusive, &Options::resources, &Resources::exclusive>(options, value);
}

Result<void> put_oversubscribe(Options& options, std::string_view) {
  options.resources.oversubscribe = true;
  options.resources.exclusive.reset();
  return {};
}

constexpr std::string_view time_form =
    "minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS or UNLIMITED";
constexpr std::string_view memory_form =
    "a whole number with K, M, G or T (1536M, not 1.5G); without a unit it is MiB";
constexpr std::string_view count_form = "a whole number of at least 1";
constexpr std::string_view gpus_form = "NUMBER, TYPE:NUMBER or a comma list of TYPE:NUMBER";
constexpr std::string_view moment_form =
    "HH:MM, YYYY-MM-DDTHH:MM, MM/DD/YY, now+2hours, tomorrow, noon or midnight";
constexpr std::string_view hosts_form = "names and ranges: node1,node[3-5]";
constexpr std::string_view prints_only =
    "It makes sbatch print and exit, so that no job would be submitted.";
constexpr std::string_view burst_buffer =
    "Burst buffers belong to one cluster; stage files in the script itself.";
constexpr std::string_view other_user =
    "A job runs for the one who submits it; log in as that person instead.";

constexpr auto none = Argument::none;
constexpr auto required = Argument::required;
constexpr auto optional = Argument::optional;
constexpr auto understood = Treatment::understood;
constexpr auto site = Treatment::site;
constexpr auto client = Treatment::client;
constexpr auto refused = Treatment::refused;

constexpr auto words = &Options::words;
constexpr auto files = &Options::files;
constexpr auto resources = &Options::resources;
constexpr auto timing = &Options::timing;
constexpr auto wishes = &Options::client;

// clang-format off
constexpr auto table = std::to_array<OptionRow>({
  {"account", 'A', required, understood, put_text<words, &SiteWords::account>},
  {"acctg-freq", 0, required, site, check<check_accounting_frequency>, "task=SECONDS, energy=SECONDS"},
  {"array", 'a', required, understood, put<parse_array, timing, &Timing::array>, "0-9, 4,7,22, 1-100:20 or 1-100%5"},
  {"batch", 0, required, site},
  {"bb", 0, required, refused, nullptr, burst_buffer},
  {"bbf", 0, required, refused, nullptr, burst_buffer},
  {"begin", 'b', required, understood, put<parse_moment, timing, &Timing::begin>, moment_form},
  {"chdir", 'D', required, understood, put_text<files, &Files::chdir>},
  {"cluster", 0, required, understood, put_text<words, &SiteWords::clusters>, "", "clusters"},
  {"cluster-constraint", 0, required, refused, nullptr, "It belongs to Slurm's own federations; name sites with --clusters instead."},
  {"clusters", 'M', required, understood, put_text<words, &SiteWords::clusters>},
  {"comment", 0, required, understood, put_text<&Options::comment>},
  {"constraint", 'C', required, understood, put_text<words, &SiteWords::constraint>},
  {"container", 0, required, site},
  {"context", 0, required, site},
  {"contiguous", 0, none, site},
  {"core-spec", 'S', required, site, check<parse_count_or_zero>, "a whole number"},
  {"cores-per-socket", 0, required, understood, put<parse_count, resources, &Resources::cores_per_socket>, count_form},
  {"cpu-freq", 0, required, site},
  {"cpus-per-gpu", 0, required, understood, put<parse_count, resources, &Resources::cpus_per_gpu>, count_form},
  {"cpus-per-task", 'c', required, understood, put<parse_count, resources, &Resources::cpus_per_task>, count_form},
  {"deadline", 0, required, understood, put<parse_moment, timing, &Timing::deadline>, moment_form},
  {"delay-boot", 0, required, site, check<parse_time_limit>, time_form},
  {"dependency", 'd', required, understood, put<parse_dependencies, timing, &Timing::dependencies>, "afterok:JOB[:JOB], parts joined by \",\" (all) or \"?\" (any), or singleton"},
  {"distribution", 'm', required, site, check<check_distribution>, "block, cyclic, plane=SIZE or arbitrary, then :block, :cyclic or :fcyclic"},
  {"error", 'e', required, understood, put_file<&Files::error>},
  {"exclude", 'x', required, understood, put<parse_hostlist, words, &SiteWords::exclude>, hosts_form},
  {"exclusive", 0, optional, understood, put_exclusive, "--exclusive, --exclusive=user or --exclusive=mcs", "", "oversubscribe"},
  {"export", 0, required, understood, put<parse_export, &Options::environment>, "ALL, NONE, or NAME and NAME=VALUE with commas between"},
  {"export-file", 0, required, refused, nullptr, "The server cannot read the file; list the variables with --export."},
  {"extra-node-info", 'B', required, understood, put<parse_node_layout, resources, &Resources::node_layout>, "SOCKETS[:CORES[:THREADS]], \"*\" for any"},
  {"get-user-env", 0, optional, site},
  {"gid", 0, required, refused, nullptr, other_user},
  {"gpu-bind", 0, required, site},
  {"gpu-freq", 0, required, site},
  {"gpus", 'G', required, understood, put<parse_gpus, resources, &Resources::gpus>, gpus_form},
  {"gpus-per-node", 0, required, understood, put<parse_gpus, resources, &Resources::gpus_per_node>, gpus_form},
  {"gpus-per-socket", 0, required, understood, put<parse_gpus, resources, &Resources::gpus_per_socket>, gpus_form},
  {"gpus-per-task", 0, required, understood, put<parse_gpus, resources, &Resources::gpus_per_task>, gpus_form},
  {"gres", 0, required, understood, put<parse_gres, resources, &Resources::gres>, "NAME[[:TYPE]:COUNT] with commas between (gpu:a100:4,nvme:100), or none"},
  {"gres-flags", 0, required, site, check<check_gres_flags>, "disable-binding or enforce-binding"},
  {"help", 'h', none, refused, nullptr, prints_only},
  {"hint", 0, required, understood, put<parse_hints, resources, &Resources::hints>, "compute_bound, memory_bound, multithread or nomultithread"},
  {"hold", 'H', none, understood, put_flag<true, timing, &Timing::hold>},
  {"ignore-pbs", 0, none, client, put_flag<true, wishes, &ClientWishes::ignore_pbs>},
  {"input", 'i', required, understood, put_file<&Files::input>},
  {"job-name", 'J', required, understood, put_text<&Options::job_name>},
  {"kill-on-invalid-dep", 0, required, understood, put<parse_yes_no, timing, &Timing::kill_on_invalid_dependency>, "yes or no"},
  {"licenses", 'L', required, site, check<check_licenses>, "NAME[:COUNT] with commas between"},
  {"mail-type", 0, required, understood, put<parse_mail_events, &Options::mail_events>, "NONE, BEGIN, END, FAIL, REQUEUE, ALL, TIME_LIMIT, TIME_LIMIT_90, ARRAY_TASKS … with commas between and no spaces"},
  {"mail-user", 0, required, understood, put_text<&Options::mail_user>},
  {"mcs-label", 0, required, site},
  {"mem", 0, required, understood, put<parse_memory, resources, &Resources::memory>, memory_form},
  {"mem-bind", 0, required, site},
  {"mem-per-cpu", 0, required, understood, put<parse_memory, resources, &Resources::memory_per_cpu>, memory_form},
  {"mem-per-gpu", 0, required, understood, put<parse_memory, resources, &Resources::memory_per_gpu>, memory_form},
  {"mincpus", 0, required, understood, put<parse_count, resources, &Resources::cpus_min>, count_form},
  {"network", 0, required, site},
  {"nice", 0, optional, understood, put<parse_nice, timing, &Timing::nice>, "--nice or --nice=NUMBER"},
  {"no-kill", 'k', optional, site, check<parse_no_kill>, "--no-kill or --no-kill=off"},
  {"no-requeue", 0, none, understood, put_flag<false, timing, &Timing::requeue>, "", "", "requeue"},
  {"nodefile", 'F', required, refused, nullptr, "The server cannot read the file; list the nodes with --nodelist."},
  {"nodelist", 'w', required, understood, put<parse_hostlist, words, &SiteWords::nodelist>, hosts_form},
  {"nodes", 'N', required, understood, put<parse_nodes, resources, &Resources::nodes>, "NUMBER or MIN-MAX"},
  {"ntasks", 'n', required, understood, put<parse_count, resources, &Resources::ntasks>, count_form},
  {"ntasks-per-core", 0, required, understood, put<parse_count, resources, &Resources::ntasks_per_core>, count_form},
  {"ntasks-per-gpu", 0, required, understood, put<parse_count, resources, &Resources::ntasks_per_gpu>, count_form},
  {"ntasks-per-node", 0, required, understood, put<parse_count, resources, &Resources::ntasks_per_node>, count_form},
  {"ntasks-per-socket", 0, required, understood, put<parse_count, resources, &Resources::ntasks_per_socket>, count_form},
  {"ntasks-per-tres", 0, required, understood, put<parse_count, resources, &Resources::ntasks_per_gpu>, count_form, "ntasks-per-gpu"},
  {"open-mode", 0, required, understood, put<parse_open_mode, files, &Files::open_mode>, "append or truncate"},
  {"output", 'o', required, understood, put_file<&Files::output>},
  {"overcommit", 'O', none, understood, put_flag<true, resources, &Resources::overcommit>},
  {"oversubscribe", 's', none, understood, put_oversubscribe, "", "", "exclusive"},
  {"parsable", 0, none, client, put_flag<true, wishes, &ClientWishes::parsable>},
  {"partition", 'p', required, understood, put_text<words, &SiteWords::partition>},
  {"power", 0, required, site},
  {"prefer", 0, required, site},
  {"priority", 0, required, site, check<check_priority>, "a number or TOP"},
  {"profile", 0, required, site, check<check_profile>, "all, none, energy, task, lustre or network"},
  {"propagate", 0, optional, site},
  {"qos", 'q', required, understood, put_text<words, &SiteWords::qos>},
  {"quiet", 'Q', none, client, put_flag<true, wishes, &ClientWishes::quiet>},
  {"reboot", 0, none, site},
  {"requeue", 0, none, understood, put_flag<true, timing, &Timing::requeue>, "", "", "no-requeue"},
  {"reservation", 0, required, understood, put_text<words, &SiteWords::reservation>},
  {"signal", 0, required, understood, put<parse_signal, &Options::signal>, "[B:]USR1@120, or a number for the name"},
  {"sockets-per-node", 0, required, understood, put<parse_count, resources, &Resources::sockets_per_node>, count_form},
  {"spread-job", 0, none, site},
  {"switches", 0, required, site, check<check_switches>, "COUNT or COUNT@TIME"},
  {"tasks-per-node", 0, required, understood, put<parse_count, resources, &Resources::ntasks_per_node>, count_form, "ntasks-per-node"},
  {"test-only", 0, none, client, put_flag<true, wishes, &ClientWishes::test_only>},
  {"thread-spec", 0, required, site, check<parse_count>, count_form},
  {"threads-per-core", 0, required, understood, put<parse_count, resources, &Resources::threads_per_core>, count_form},
  {"time", 't', required, understood, put<parse_time_limit, timing, &Timing::limit>, time_form},
  {"time-min", 0, required, understood, put<parse_time_limit, timing, &Timing::limit_min>, time_form},
  {"tmp", 0, required, understood, put<parse_memory, resources, &Resources::disk>, memory_form},
  {"uid", 0, required, refused, nullptr, other_user},
  {"usage", 0, none, refused, nullptr, prints_only},
  {"use-min-nodes", 0, none, site},
  {"verbose", 'v', none, client, put_flag<true, wishes, &ClientWishes::verbose>},
  {"version", 'V', none, refused, nullptr, prints_only},
  {"wait", 'W', none, client, put_flag<true, wishes, &ClientWishes::wait>},
  {"wait-all-nodes", 0, required, site, check<parse_zero_one>, "0 or 1"},
  {"wckey", 0, required, understood, put_text<words, &SiteWords::wckey>},
  {"wrap", 0, required, understood, put_text<&Options::wrap>},
});
// clang-format on

static_assert(std::ranges::is_sorted(table, {}, &OptionRow::name));
static_assert(table.size() <= option_rows_max);

/// The rows by letter, for letters below 128.
constexpr auto letters = [] {
  std::array<const OptionRow*, 128> rows{};
  for (const OptionRow& row : table) {
    if (row.letter != '\0') rows[static_cast<unsigned char>(row.letter)] = &row;
  }
  return rows;
}();

/// Variables whose name after SBATCH_ is not the option's in capitals with underscores.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> odd_variables{
    {{"ARRAY_INX", "array"},
     {"BURST_BUFFER", "bb"},
     {"CPU_FREQ_REQ", "cpu-freq"},
     {"DEBUG", "verbose"},
     {"MEM_PER_NODE", "mem"},
     {"REQ_SWITCH", "switches"},
     {"TIMELIMIT", "time"}}};

/// Options that a variable of the regular form can give, in capitals as after SBATCH_.
constexpr std::array<std::string_view, 50> regular_variables{"ACCOUNT",
                                                             "ACCTG_FREQ",
                                                             "BATCH",
                                                             "CLUSTERS",
                                                             "CLUSTER_CONSTRAINT",
                                                             "CONSTRAINT",
                                                             "CONTAINER",
                                                             "CORE_SPEC",
                                                             "CPUS_PER_GPU",
                                                             "DELAY_BOOT",
                                                             "DISTRIBUTION",
                                                             "ERROR",
                                                             "EXCLUSIVE",
                                                             "EXPORT",
                                                             "GET_USER_ENV",
                                                             "GPUS",
                                                             "GPUS_PER_NODE",
                                                             "GPUS_PER_SOCKET",
                                                             "GPUS_PER_TASK",
                                                             "GPU_BIND",
                                                             "GPU_FREQ",
                                                             "GRES",
                                                             "GRES_FLAGS",
                                                             "HINT",
                                                             "IGNORE_PBS",
                                                             "INPUT",
                                                             "JOB_NAME",
                                                             "MEM_BIND",
                                                             "MEM_PER_CPU",
                                                             "MEM_PER_GPU",
                                                             "NETWORK",
                                                             "NO_KILL",
                                                             "NO_REQUEUE",
                                                             "OPEN_MODE",
                                                             "OUTPUT",
                                                             "OVERCOMMIT",
                                                             "PARTITION",
                                                             "POWER",
                                                             "PROFILE",
                                                             "QOS",
                                                             "REQUEUE",
                                                             "RESERVATION",
                                                             "SIGNAL",
                                                             "SPREAD_JOB",
                                                             "THREADS_PER_CORE",
                                                             "THREAD_SPEC",
                                                             "USE_MIN_NODES",
                                                             "WAIT",
                                                             "WAIT_ALL_NODES",
                                                             "WCKEY"};
static_assert(std::ranges::is_sorted(regular_variables));

/// Steps of inserting, removing or replacing one character, counted up to `most` + 1.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
  constexpr std::size_t longest = 24;
  if (a.size() > longest || b.size() > longest) return most + 1;
  std::array<std::size_t, longest + 1> row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return std::min(row[b.size()], most + 1);
}

}  // namespace

std::span<const OptionRow> option_table() { return table; }

std::size_t index_of(const OptionRow& row) { return static_cast<std::size_t>(&row - table.data()); }

const OptionRow* find_option(std::string_view name) {
  const auto row = std::ranges::lower_bound(table, name, {}, &OptionRow::name);
  return row != table.end() && row->name == name ? &*row : nullptr;
}

const OptionRow* find_letter(char letter) {
  const auto code = static_cast<unsigned char>(letter);
  return code < letters.size() ? letters[code] : nullptr;
}

const OptionRow& proper_row(const OptionRow& row) {
  return row.same_as.empty() ? row : *find_option(row.same_as);
}

LongMatch match_long(std::string_view name) {
  LongMatch match;
  if (name.empty()) return match;
  const auto first = std::ranges::lower_bound(table, name, {}, &OptionRow::name);
  if (first != table.end() && first->name == name) return {&*first, {}};
  for (auto row = first; row != table.end() && row->name.starts_with(name); ++row) {
    match.row = &*row;
    match.candidates.push_back(row->name);
  }
  if (match.candidates.size() == 1) {
    match.candidates.clear();
  } else {
    match.row = nullptr;
  }
  return match;
}

std::vector<std::string_view> nearest_options(std::string_view name) {
  // Names that Slurm once had, or that its neighbours have.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> elsewhere{
      {{"workdir", "chdir"},
       {"share", "oversubscribe"},
       {"jobname", "job-name"},
       {"name", "job-name"},
       {"walltime", "time"},
       {"queue", "partition"},
       {"project", "account"},
       {"memory", "mem"},
       {"cpus", "cpus-per-task"},
       {"num-nodes", "nodes"},
       {"ntasks-per-nodes", "ntasks-per-node"},
       {"gpu", "gpus"}}};
  std::vector<std::string_view> names;
  for (const auto& [foreign, ours] : elsewhere) {
    if (foreign == name) names.push_back(ours);
  }
  constexpr std::size_t most = 2;
  std::array<std::vector<std::string_view>, most + 1> by_distance;
  for (const OptionRow& row : table) {
    if (row.name.size() > name.size() + most || name.size() > row.name.size() + most) continue;
    const std::size_t steps = distance(name, row.name, most);
    if (steps <= most) by_distance[steps].push_back(row.name);
  }
  for (const auto& group : by_distance) {
    for (const std::string_view one : group) {
      if (names.size() == 3) return names;
      if (std::ranges::find(names, one) == names.end()) names.push_back(one);
    }
  }
  return names;
}

const OptionRow* find_variable(std::string_view variable) {
  if (!variable.starts_with("SBATCH_")) return nullptr;
  variable.remove_prefix(7);
  for (const auto& [odd, name] : odd_variables) {
    if (variable == odd) return find_option(name);
  }
  if (!std::ranges::binary_search(regular_variables, variable)) return nullptr;
  std::string name(variable);
  for (char& c : name) c = c == '_' ? '-' : static_cast<char>(c - 'A' + 'a');
  return find_option(name);
}

bool is_set_by_slurm(std::string_view variable) {
  constexpr std::array<std::string_view, 5> names{"SBATCH_MEM_BIND_LIST", "SBATCH_MEM_BIND_PREFER",
                                                  "SBATCH_MEM_BIND_SORT", "SBATCH_MEM_BIND_TYPE",
                                                  "SBATCH_MEM_BIND_VERBOSE"};
  return std::ranges::find(names, variable) != names.end();
}

}  // namespace fabrica::sbatch
