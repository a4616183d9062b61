#include "shims/fields.h"

#include <fmt/format.h>

#include <array>

#include "shims/times.h"

/// The tables of fields. What Fabrica does not know of a job, such as the names of its nodes, is
/// shown as Slurm shows what is not there.
namespace fabrica::shims {

namespace {

using Row = JobRow;

std::string or_words(const std::optional<Time>& time, std::string_view otherwise) {
  return time ? stamp(*time) : std::string(otherwise);
}

// sacct's word for a time that has not come, or will not.
std::string_view no_time(const Row& row) { return is_live(*row.state) ? "Unknown" : "None"; }

std::string unless_step(const Row& row, std::string text) {
  return row.batch_step ? std::string() : std::move(text);
}

std::string only_step(const Row& row, std::string text) {
  return row.batch_step ? std::move(text) : std::string();
}

std::string end_by_limit(const Row& row) {
  if (row.ended) return stamp(*row.ended);
  return row.started ? stamp(*row.started + row.job.time_limit) : "N/A";
}

std::string place_or_reason(const Row& row) {
  const bool has_place = row.state->name == "RUNNING" || row.state->name == "COMPLETED";
  return has_place ? row.job.site : fmt::format("({})", row.state->reason);
}

std::string array_part(const Row& row) { return row.in_array.empty() ? "N/A" : row.in_array; }

std::string job_number(const Row& row) { return fmt::to_string(row.job.id); }

std::string gpus_a_node(const Row& row) {
  return row.job.gpus_per_node == 0 ? "N/A" : fmt::format("gres:gpu:{}", row.job.gpus_per_node);
}

std::string peak_memory(const Row& row) {
  return only_step(row, row.memory_bytes_peak == 0
                            ? std::string()
                            : fmt::format("{}K", (row.memory_bytes_peak + 1023) / 1024));
}

std::string with_step(const Row& row, const std::string& id) {
  return row.batch_step ? id + ".batch" : id;
}

std::int64_t whole_seconds(Duration span) { return span.ms / 1000; }

Duration cpu_span(const Row& row) {
  return seconds(whole_seconds(row.elapsed) * static_cast<std::int64_t>(cpus_of(row)));
}

// clang-format off
constexpr auto of_squeue = std::to_array<Field<Row>>({
    {'i', "JobArrayID", "JOBID", [](const Row& r) { return r.id; }},
    {'A', "JobID", "JOBID", &job_number},
    {'F', "ArrayJobID", "ARRAY_JOB_ID", &job_number},
    {'K', "ArrayTaskID", "ARRAY_TASK_ID", &array_part},
    {'T', "State", "STATE", [](const Row& r) { return std::string(r.state->name); }},
    {'t', "StateCompact", "ST", [](const Row& r) { return std::string(r.state->compact); }},
    {'j', "Name", "NAME", [](const Row& r) { return r.job.name; }},
    {'u', "UserName", "USER", [](const Row& r) { return r.user; }},
    {'U', "UserID", "UID", [](const Row& r) { return fmt::to_string(r.job.owner); }},
    {'P', "Partition", "PARTITION", [](const Row& r) { return r.job.partition; }},
    {'a', "Account", "ACCOUNT", &account_of},
    {'M', "TimeUsed", "TIME", [](const Row& r) { return short_clock(r.elapsed); }},
    {'l', "TimeLimit", "TIME_LIMIT", [](const Row& r) { return short_clock(r.job.time_limit); }},
    {'L', "TimeLeft", "TIME_LEFT", [](const Row& r) { return short_clock(std::max(Duration{}, r.job.time_limit - r.elapsed)); }},
    {'D', "NumNodes", "NODES", [](const Row& r) { return fmt::to_string(r.job.nodes); }},
    {'C', "NumCPUs", "CPUS", [](const Row& r) { return fmt::to_string(cpus_of(r)); }},
    {'c', "MinCpus", "MIN_CPUS", [](const Row& r) { return fmt::to_string(r.job.cpus_per_node); }},
    {'m', "MinMemory", "MIN_MEMORY", [](const Row& r) { return memory_text(r.job.memory_mib_per_node); }},
    {'b', "tres-per-node", "TRES_PER_NODE", &gpus_a_node},
    {'R', "ReasonList", "NODELIST(REASON)", &place_or_reason},
    {'r', "Reason", "REASON", &reason_of},
    {'N', "NodeList", "NODELIST", [](const Row&) { return std::string(); }},
    {'B', "BatchHost", "EXEC_HOST", [](const Row&) { return std::string("n/a"); }},
    {'S', "StartTime", "START_TIME", [](const Row& r) { return or_words(r.started, "N/A"); }},
    {'e', "EndTime", "END_TIME", &end_by_limit},
    {'V', "SubmitTime", "SUBMIT_TIME", [](const Row& r) { return stamp(r.job.submitted); }},
    {'Z', "WorkDir", "WORK_DIR", [](const Row& r) { return r.job.working_directory.value_or(""); }},
    {'o', "Command", "COMMAND", [](const Row&) { return std::string("(null)"); }},
    {'E', "Dependency", "DEPENDENCY", [](const Row&) { return std::string("(null)"); }},
    {'k', "Comment", "COMMENT", [](const Row&) { return std::string("(null)"); }},
    {'f', "Feature", "FEATURES", [](const Row&) { return std::string("(null)"); }},
    {'v', "Reservation", "RESERVATION", [](const Row&) { return std::string("(null)"); }},
    {'q', "QOS", "QOS", [](const Row&) { return std::string("N/A"); }},
    {'Q', "PriorityLong", "PRIORITY", [](const Row&) { return std::string("0"); }},
    {'p', "Priority", "PRIORITY", [](const Row&) { return std::string("0"); }},
    {'y', "Nice", "NICE", [](const Row&) { return std::string("0"); }},
    {'\0', "Cluster", "CLUSTER", [](const Row& r) { return r.job.site; }},
    {'\0', "tres-alloc", "TRES_ALLOC", &tres_of_job},
    {'\0', "ExitCode", "EXIT_CODE", [](const Row& r) { return fmt::to_string(r.exit_code); }},
    {'\0', "STDOUT", "STDOUT", [](const Row& r) { return r.job.output.value_or(""); }},
    {'\0', "STDERR", "STDERR", [](const Row& r) { return r.job.error.value_or(""); }},
});

constexpr auto of_sacct = std::to_array<Field<Row>>({
    {'\0', "JobID", "JobID", [](const Row& r) { return with_step(r, r.id); }, -12},
    {'\0', "JobIDRaw", "JobIDRaw", [](const Row& r) { return with_step(r, r.id); }, -12},
    {'\0', "JobName", "JobName", [](const Row& r) { return r.batch_step ? "batch" : r.job.name; }, 10},
    {'\0', "State", "State", [](const Row& r) { return std::string(r.state->name); }, 10},
    {'\0', "ExitCode", "ExitCode", &exit_text, 8},
    {'\0', "DerivedExitCode", "DerivedExitCode", [](const Row& r) { return unless_step(r, exit_text(r)); }, 15},
    {'\0', "Submit", "Submit", [](const Row& r) { return stamp(r.batch_step ? r.started.value_or(r.job.submitted) : r.job.submitted); }, 19},
    {'\0', "Eligible", "Eligible", [](const Row& r) { return stamp(r.job.submitted); }, 19},
    {'\0', "Start", "Start", [](const Row& r) { return or_words(r.started, no_time(r)); }, 19},
    {'\0', "End", "End", [](const Row& r) { return or_words(r.ended, "Unknown"); }, 19},
    {'\0', "Elapsed", "Elapsed", [](const Row& r) { return to_clock(seconds(whole_seconds(r.elapsed))); }, 10},
    {'\0', "ElapsedRaw", "ElapsedRaw", [](const Row& r) { return fmt::to_string(whole_seconds(r.elapsed)); }, 10},
    {'\0', "Timelimit", "Timelimit", [](const Row& r) { return unless_step(r, to_clock(r.job.time_limit)); }, 10},
    {'\0', "TimelimitRaw", "TimelimitRaw", [](const Row& r) { return unless_step(r, fmt::to_string(r.job.time_limit.ms / 60'000)); }, 10},
    {'\0', "Partition", "Partition", [](const Row& r) { return unless_step(r, r.job.partition); }, 10},
    {'\0', "Account", "Account", &account_of, 10},
    {'\0', "User", "User", [](const Row& r) { return unless_step(r, r.user); }, 9},
    {'\0', "UID", "UID", [](const Row& r) { return unless_step(r, fmt::to_string(r.job.owner)); }, 6},
    {'\0', "Cluster", "Cluster", [](const Row& r) { return r.job.site; }, 10},
    {'\0', "AllocCPUS", "AllocCPUS", [](const Row& r) { return fmt::to_string(cpus_of(r)); }, 10},
    {'\0', "NCPUS", "NCPUS", [](const Row& r) { return fmt::to_string(cpus_of(r)); }, 10},
    {'\0', "ReqCPUS", "ReqCPUS", [](const Row& r) { return fmt::to_string(cpus_of(r)); }, 8},
    {'\0', "AllocNodes", "AllocNodes", [](const Row& r) { return fmt::to_string(r.started ? r.job.nodes : 0); }, 10},
    {'\0', "NNodes", "NNodes", [](const Row& r) { return fmt::to_string(r.job.nodes); }, 8},
    {'\0', "ReqNodes", "ReqNodes", [](const Row& r) { return fmt::to_string(r.job.nodes); }, 8},
    {'\0', "NTasks", "NTasks", [](const Row& r) { return only_step(r, "1"); }, 8},
    {'\0', "NodeList", "NodeList", [](const Row&) { return std::string("None assigned"); }, 15},
    {'\0', "ReqMem", "ReqMem", [](const Row& r) { return unless_step(r, memory_text(r.job.memory_mib_per_node)); }, 10},
    {'\0', "MaxRSS", "MaxRSS", &peak_memory, 10},
    {'\0', "AveRSS", "AveRSS", &peak_memory, 10},
    {'\0', "MaxVMSize", "MaxVMSize", [](const Row&) { return std::string(); }, 10},
    {'\0', "TotalCPU", "TotalCPU", [](const Row& r) { return cpu_clock(r.cpu_ms); }, 10},
    {'\0', "CPUTime", "CPUTime", [](const Row& r) { return to_clock(cpu_span(r)); }, 10},
    {'\0', "CPUTimeRAW", "CPUTimeRAW", [](const Row& r) { return fmt::to_string(whole_seconds(cpu_span(r))); }, 10},
    {'\0', "AllocTRES", "AllocTRES", [](const Row& r) { return r.started ? tres_of_job(r) : std::string(); }, 10},
    {'\0', "ReqTRES", "ReqTRES", [](const Row& r) { return unless_step(r, tres_of_job(r)); }, 10},
    {'\0', "QOS", "QOS", [](const Row&) { return std::string(); }, 10},
    {'\0', "Reason", "Reason", [](const Row& r) { return unless_step(r, reason_of(r)); }, 22},
    {'\0', "WorkDir", "WorkDir", [](const Row& r) { return unless_step(r, r.job.working_directory.value_or("")); }, 20},
    {'\0', "Comment", "Comment", [](const Row&) { return std::string(); }, 14},
    {'\0', "Priority", "Priority", [](const Row& r) { return unless_step(r, "0"); }, 10},
    {'\0', "Restarts", "Restarts", [](const Row& r) { return unless_step(r, "0"); }, 8},
});

using Part = PartitionRow;
constexpr auto of_sinfo = std::to_array<Field<Part>>({
    {'P', "Partition", "PARTITION", [](const Part& p) { return p.name; }},
    {'R', "PartitionName", "PARTITION", [](const Part& p) { return p.name; }},
    {'a', "Available", "AVAIL", [](const Part& p) { return std::string(p.up ? "up" : "down"); }},
    {'l', "Time", "TIMELIMIT", [](const Part& p) { return p.time_limit_max.ms == 0 ? "infinite" : short_clock(p.time_limit_max); }},
    {'D', "Nodes", "NODES", [](const Part& p) { return fmt::to_string(p.nodes); }},
    {'t', "StateCompact", "STATE", [](const Part& p) { return p.state; }},
    {'T', "StateLong", "STATE", [](const Part& p) { return p.state == "unk" ? "unknown" : p.state == "drain" ? "drained" : p.state; }},
    {'N', "NodeList", "NODELIST", [](const Part& p) { return p.site; }},
    {'n', "NodeHost", "HOSTNAMES", [](const Part& p) { return p.site; }},
    {'c', "CPUs", "CPUS", [](const Part& p) { return fmt::to_string(p.cpus_per_node); }},
    {'m', "Memory", "MEMORY", [](const Part& p) { return fmt::to_string(p.memory_mib_per_node); }},
    {'G', "Gres", "GRES", [](const Part& p) { return gres_text(p.gpus_per_node, p.gpu_kind); }},
    {'f', "Features", "AVAIL_FEATURES", [](const Part&) { return std::string("(null)"); }},
    {'E', "Reason", "REASON", [](const Part&) { return std::string("none"); }},
    {'\0', "Cluster", "CLUSTER", [](const Part& p) { return p.site; }},
});
// clang-format on

}  // namespace

std::span<const Field<JobRow>> squeue_fields() { return of_squeue; }
std::span<const Field<JobRow>> sacct_fields() { return of_sacct; }
std::span<const Field<PartitionRow>> sinfo_fields() { return of_sinfo; }

std::string account_of(const JobRow& row) { return fmt::format("project-{}", row.job.project); }

std::string exit_text(const JobRow& row) { return fmt::format("{}:{}", row.exit_code, row.signal); }

std::string reason_of(const JobRow& row) { return std::string(row.state->reason); }

std::uint32_t cpus_of(const JobRow& row) { return row.job.nodes * row.job.cpus_per_node; }

std::string memory_text(std::uint64_t mib) { return mib == 0 ? "0" : fmt::format("{}M", mib); }

std::string gres_text(std::uint32_t gpus, const std::string& kind) {
  if (gpus == 0) return "(null)";
  return kind.empty() ? fmt::format("gpu:{}", gpus) : fmt::format("gpu:{}:{}", kind, gpus);
}

std::string tres_of_job(const JobRow& row) {
  std::string text = fmt::format("cpu={}", cpus_of(row));
  if (row.job.gpus_per_node > 0)
    text += fmt::format(",gres/gpu={}", row.job.gpus_per_node * row.job.nodes);
  if (row.job.memory_mib_per_node > 0)
    text += fmt::format(",mem={}M", row.job.memory_mib_per_node * row.job.nodes);
  return text + fmt::format(",node={}", row.job.nodes);
}

}  // namespace fabrica::shims
