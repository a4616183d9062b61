#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"

/// The remaining values of sbatch options: signals, mail, environment, and words from short lists.
namespace fabrica::sbatch {

/// --signal=[{R|B}:]<signal>[@seconds].
struct SignalRequest {
  std::uint32_t number = 0;  // as Linux on x86-64 and AArch64 numbers them
  std::uint32_t seconds_before = 60;
  bool batch_shell_only = false;  // B
  bool reservation = false;       // R: the job may overlap a reservation

  friend bool operator==(const SignalRequest&, const SignalRequest&) = default;
};
FABRICA_DESCRIBE(SignalRequest, number, seconds_before, batch_shell_only, reservation)

Result<SignalRequest> parse_signal(std::string_view text);

enum class MailEvent : std::uint8_t {
  begin,
  end,
  fail,
  requeue,
  invalid_depend,
  stage_out,
  time_limit,
  time_limit_90,
  time_limit_80,
  time_limit_50,
  array_tasks
};
FABRICA_DESCRIBE_ENUM(MailEvent, begin, end, fail, requeue, invalid_depend, stage_out, time_limit,
                      time_limit_90, time_limit_80, time_limit_50, array_tasks)

/// A comma list in either case; ALL stands for six of them, NONE for none whatever else is listed.
Result<std::vector<MailEvent>> parse_mail_events(std::string_view text);

/// One name of --export; without a value the submitting shell's own value is meant.
struct ExportedVariable {
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const ExportedVariable&, const ExportedVariable&) = default;
};
FABRICA_DESCRIBE(ExportedVariable, name, value)

/// all: the submitter's environment and the list; none: only SLURM_*; listed: the list and SLURM_*.
enum class ExportMode : std::uint8_t { all, none, listed };
FABRICA_DESCRIBE_ENUM(ExportMode, all, none, listed)

struct ExportRequest {
  ExportMode mode = ExportMode::all;
  std::vector<ExportedVariable> variables;

  friend bool operator==(const ExportRequest&, const ExportRequest&) = default;
};
FABRICA_DESCRIBE(ExportRequest, mode, variables)

/// "ALL", "NONE", "NAME,NAME=value", "ALL,NAME=value"; quotes keep a comma within a value.
Result<ExportRequest> parse_export(std::string_view text);

/// How an output file that exists is opened.
enum class OpenMode : std::uint8_t { append, truncate };
FABRICA_DESCRIBE_ENUM(OpenMode, append, truncate)
Result<OpenMode> parse_open_mode(std::string_view text);

/// node: nobody else on the job's nodes; user, mcs: nobody of another user or security label.
enum class Exclusive : std::uint8_t { node, user, mcs };
FABRICA_DESCRIBE_ENUM(Exclusive, node, user, mcs)
Result<Exclusive> parse_exclusive(std::string_view text);

enum class Hint : std::uint8_t { compute_bound, memory_bound, multithread, nomultithread };
FABRICA_DESCRIBE_ENUM(Hint, compute_bound, memory_bound, multithread, nomultithread)

/// A comma list; at least one.
Result<std::vector<Hint>> parse_hints(std::string_view text);

/// -B sockets[:cores[:threads]]; "*" leaves a part open, of a range the lower end counts.
struct NodeLayout {
  std::optional<std::uint32_t> sockets;
  std::optional<std::uint32_t> cores;
  std::optional<std::uint32_t> threads;

  friend bool operator==(const NodeLayout&, const NodeLayout&) = default;
};
FABRICA_DESCRIBE(NodeLayout, sockets, cores, threads)
Result<NodeLayout> parse_node_layout(std::string_view text);

/// --nice, within ±2147483645; without a value 100.
Result<std::int32_t> parse_nice(std::string_view text);

/// "yes" or "no", in either case.
Result<bool> parse_yes_no(std::string_view text);

/// "0" or "1".
Result<bool> parse_zero_one(std::string_view text);

/// --no-kill: nothing is yes; "off" and "no" are no.
Result<bool> parse_no_kill(std::string_view text);

/// The flags' rule for environment variables (sbatch(1), "INPUT ENVIRONMENT VARIABLES"): set by an
/// empty value, "yes" or a number that is not zero.
bool flag_is_set(std::string_view value);

// Options that are handed to Slurm sites as written: only their form is checked here, so that a
// slip is seen before the queue sees it.
Result<void> check_switches(std::string_view text);
Result<void> check_distribution(std::string_view text);
Result<void> check_gres_flags(std::string_view text);
Result<void> check_profile(std::string_view text);
Result<void> check_accounting_frequency(std::string_view text);
Result<void> check_priority(std::string_view text);
Result<void> check_licenses(std::string_view text);

}  // namespace fabrica::sbatch
