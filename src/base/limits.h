#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

/// Every bound of the product in one place: each input, queue, list and loop has one. A request
/// over a bound is refused with the bound in the text.
namespace fabrica::limits {

// 9999-12-31T00:00:00Z: beyond it a time has no RFC 3339 form, except `never`.
inline constexpr Time latest_time{253'402'214'400'000};

// Text and documents.
inline constexpr std::size_t name_bytes_max = 200;
inline constexpr std::size_t text_bytes_max = 4'000;
inline constexpr std::size_t list_items_max = 1'000;
inline constexpr std::size_t script_bytes_max =
    std::size_t{4} * 1024 * 1024;  // Slurm's own default cap
inline constexpr std::size_t document_bytes_max = std::size_t{16} * 1024 * 1024;

// Federation.
inline constexpr std::size_t sites_max = 1'000;
inline constexpr std::size_t systems_max = 10'000;
inline constexpr std::size_t partitions_max = 10'000;
inline constexpr std::size_t members_per_project_max = 1'000;
// Together with nodes_max these keep the exact fractions of jobs/offers.cpp within 64 bits.
inline constexpr std::uint32_t gpus_per_node_max = 1'024;
inline constexpr std::uint32_t cores_per_node_max = 16'384;
inline constexpr std::uint64_t memory_mib_per_node_max = std::uint64_t{1} << 30U;

// Jobs.
inline constexpr std::uint32_t array_tasks_max = 1'000;  // Slurm's MaxArraySize is 1001 by default
inline constexpr std::size_t dependencies_max = 32;
inline constexpr std::uint32_t nodes_max = 100'000;
inline constexpr std::uint32_t tasks_max = 10'000'000;
inline constexpr Duration job_time_max = days(400);
inline constexpr std::size_t live_jobs_max = 2'000'000;
inline constexpr std::size_t live_jobs_per_project_max = 100'000;
// Ended jobs that State still knows, so that a late or repeated report finds its job. Must exceed
// what one commit can end (group_commands_max).
inline constexpr std::size_t ended_jobs_kept = 10'000;
inline constexpr std::size_t doomed_jobs_at_once = 1'000;
inline constexpr std::size_t site_requests_at_once = 1'024;
inline constexpr std::uint32_t attempts_max = 10;  // submissions of one job that vanished
inline constexpr std::uint32_t attempts_before_move_max = 6;  // after more it stays where it is
inline constexpr std::size_t evacuated_at_once = 4'096;       // jobs looked at
inline constexpr std::size_t past_runs_max = 4'000;  // of one requeued job; further ones are free
// What is kept of one output of one task that runs elsewhere; the file at its site has all of it.
inline constexpr std::uint64_t sent_output_bytes_max = std::uint64_t{64} * 1024 * 1024;

// Job scripts: what the sbatch parser reads of one script and says about it.
inline constexpr std::size_t sbatch_line_bytes_max =
    std::size_t{16} * 1024;                               // one #SBATCH line, one argument
inline constexpr std::size_t sbatch_options_max = 1'000;  // options given, all origins
inline constexpr std::size_t sbatch_diagnostics_max = 100;
inline constexpr std::size_t gres_kinds_max = 64;            // in one --gres or --gpus list
inline constexpr std::uint32_t array_index_max = 4'000'000;  // Slurm's highest MaxArraySize, less 1

// Calls.
inline constexpr std::size_t eligibility_rules_max = 64;
inline constexpr std::size_t proposals_per_call_max = 100'000;  // that wait for an answer
inline constexpr std::uint32_t award_months_max = 120;
inline constexpr std::uint32_t days_to_accept_max = 366;

// Configuration and data files.
inline constexpr std::size_t toml_bytes_max = 1'048'576;
inline constexpr std::size_t toml_depth_max = 32;      // tables and lists within each other
inline constexpr std::size_t toml_key_parts_max = 16;  // a.b.c has three
inline constexpr std::size_t toml_key_bytes_max = 200;
inline constexpr std::size_t toml_files_per_folder_max = 1'000;

// Engine and log.
inline constexpr std::size_t group_commands_max = 1'024;
inline constexpr std::size_t command_queue_max = 20'000;
inline constexpr std::size_t events_per_command_max = 10'000;
inline constexpr Duration reply_kept = days(30);

// Traces. Together they keep every moment of a schedule within 64 bits of milliseconds.
inline constexpr std::size_t trace_jobs_max = 20'000'000;
inline constexpr std::int64_t trace_submit_s_max = 10'000'000'000;  // three centuries
inline constexpr std::int64_t trace_run_s_max = 100'000'000;        // three years
inline constexpr std::int32_t trace_machine_width_max = 1'000'000'000;
inline constexpr std::size_t trace_line_bytes_max = 4'096;
inline constexpr std::size_t outages_max = 1'000;  // of a simulated machine, of each kind
inline constexpr std::uint64_t trace_text_bytes_max =
    0xffff'ffff;  // so many lines have numbers of 32 bits

// Scenarios.
inline constexpr std::size_t scenario_workloads_max = 100;
inline constexpr std::size_t scenario_runs_max = 100'000;  // seeds times what is listed
inline constexpr std::size_t result_line_bytes_max = std::size_t{4} * 1024 * 1024;  // of --json
inline constexpr std::uint32_t scenario_users_max = 1'000'000;
inline constexpr std::uint32_t scenario_weight_max = 1'000'000;  // of an hour or a day
inline constexpr std::uint32_t scenario_days_max = 10'000;

// HTTP.
inline constexpr std::size_t http_header_bytes_max = std::size_t{16} * 1024;
inline constexpr std::size_t batch_jobs_max = 1'000;  // submissions in one request
inline constexpr std::size_t http_body_bytes_max = std::size_t{8} * 1024 * 1024;
inline constexpr std::size_t http_connections_max = 4'096;
inline constexpr Duration http_read_timeout = seconds(30);
inline constexpr Duration http_idle_timeout = seconds(75);
inline constexpr std::size_t page_rows_max = 1'000;

}  // namespace fabrica::limits
