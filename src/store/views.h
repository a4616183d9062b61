#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/state.h"

/// What the read tables hold of each thing, and what the API answers with: names resolved, nothing
/// that only deciding needs. Times that have not come are absent.
namespace fabrica::store {

struct SystemView {
  std::string slug;
  std::string name;
  std::string status;
  std::string source;
  std::string date;
};
FABRICA_DESCRIBE(SystemView, slug, name, status, source, date)

struct SiteView {
  federation::SiteId id;
  std::string slug;
  std::string name;
  std::string host;
  std::string place;
  std::string country;
  std::vector<std::string> partners;
  std::string factory_kind;
  bool experimental_platform = false;
  federation::Connection connection = federation::Connection::none;
  bool drained = false;
  std::vector<SystemView> systems;
  std::string source;
  std::string date;
  std::string notes;
};
FABRICA_DESCRIBE(SiteView, id, slug, name, host, place, country, partners, factory_kind,
                 experimental_platform, connection, drained, systems, source, date, notes)

struct PartitionView {
  federation::PartitionId id;
  std::string slug;
  std::string name;
  std::string system;
  std::string site;
  Unit unit = Unit::gpu;
  std::uint32_t nodes = 0;
  std::uint32_t gpus_per_node_billed = 0;
  std::uint32_t gpus_per_node_scheduled = 0;
  std::string gpu_kind;
  std::uint32_t cores_per_node = 0;
  std::uint64_t memory_mib_per_node = 0;
  bool whole_nodes = false;
  Duration time_limit_max;
  std::optional<ledger::AccountId> pool;  // absent until capacity is added
  std::string source;
  std::string date;
  std::string notes;
};
FABRICA_DESCRIBE(PartitionView, id, slug, name, system, site, unit, nodes, gpus_per_node_billed,
                 gpus_per_node_scheduled, gpu_kind, cores_per_node, memory_mib_per_node,
                 whole_nodes, time_limit_max, pool, source, date, notes)

struct OrganisationView {
  federation::OrganisationId id;
  std::string name;
  std::string country;
  federation::OrganisationKind kind = federation::OrganisationKind::sme;
};
FABRICA_DESCRIBE(OrganisationView, id, name, country, kind)

struct PersonView {
  federation::PersonId id;
  federation::OrganisationId organisation;
  std::vector<federation::Role> roles;
  std::vector<federation::SiteId> operates;
};
FABRICA_DESCRIBE(PersonView, id, organisation, roles, operates)

struct ProjectView {
  federation::ProjectId id;
  std::string title;
  federation::OrganisationId organisation;
  std::string organisation_name;
  federation::PersonId lead;
  std::vector<federation::PersonId> members;
};
FABRICA_DESCRIBE(ProjectView, id, title, organisation, organisation_name, lead, members)

struct ModeView {
  calls::ModeId id;
  calls::AccessMode mode;
};
FABRICA_DESCRIBE(ModeView, id, mode)

struct CallView {
  calls::CallId id;
  std::string mode;
  std::string title;
  std::vector<std::string> partitions;
  std::vector<calls::SizeRange> sizes;  // in the units of the call's partitions
  std::vector<std::uint32_t> months;
  std::uint32_t working_days_to_access = 0;
  Time opens;
  std::optional<Time> closes;
};
FABRICA_DESCRIBE(CallView, id, mode, title, partitions, sizes, months, working_days_to_access,
                 opens, closes)

struct ProposalView {
  calls::ProposalId id;
  calls::CallId call;
  federation::ProjectId project;
  std::string title;
  std::string partition;
  Unit unit = Unit::gpu;
  ComputeTime amount;
  std::uint32_t months = 1;
  calls::ProposalPhase phase = calls::ProposalPhase::submitted;
  std::vector<calls::Verdict> eligibility;
  std::vector<calls::Verdict> technical;
  Time submitted_at;
  Sha256 document;  // the text, zero when there is none
};
FABRICA_DESCRIBE(ProposalView, id, call, project, title, partition, unit, amount, months, phase,
                 eligibility, technical, submitted_at, document)

struct AwardView {
  calls::AwardId id;
  calls::ProposalId proposal;
  federation::ProjectId project;
  std::string partition;
  ledger::AccountId account;
  Unit unit = Unit::gpu;
  ComputeTime amount;
  std::uint32_t months = 1;
  calls::AwardPhase phase = calls::AwardPhase::offered;
  Time accept_until;
  std::optional<Time> starts;
  std::optional<Time> ends;
};
FABRICA_DESCRIBE(AwardView, id, proposal, project, partition, account, unit, amount, months, phase,
                 accept_until, starts, ends)

struct AccountView {
  ledger::AccountId id;
  ledger::AccountKind kind = ledger::AccountKind::award;
  Unit unit = Unit::gpu;
  std::optional<federation::PartitionId> partition;
  std::optional<federation::ProjectId> project;
  ComputeTime balance;
  ComputeTime held;
  ComputeTime available;
  bool locked = false;
  bool closed = false;
};
FABRICA_DESCRIBE(AccountView, id, kind, unit, partition, project, balance, held, available, locked,
                 closed)

/// One line of an account's statement. `amount` is what the entry moved; the other three are what
/// stood after it.
struct LineView {
  Seq seq;
  Time at;
  std::string kind;
  std::optional<jobs::JobId> job;
  ComputeTime amount;
  ComputeTime balance;
  ComputeTime held;
  ComputeTime available;
  std::string text;
};
FABRICA_DESCRIBE(LineView, seq, at, kind, job, amount, balance, held, available, text)

struct TaskView {
  std::uint32_t task = 0;
  std::optional<std::uint32_t> array_task;
  jobs::Outcome outcome = jobs::Outcome::none;
  std::optional<Time> started;
  std::optional<Time> ended;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t memory_bytes_peak = 0;
  std::string text;
  std::optional<Time> returned;  // its own word that it came to its end, before the site's
};
FABRICA_DESCRIBE(TaskView, task, array_task, outcome, started, ended, exit_code, signal, cpu_ms,
                 memory_bytes_peak, text, returned)

/// A run of a task at a site with books of its own: what it is called there, what was charged.
struct RunView {
  std::uint32_t task = 0;
  std::uint64_t site_id = 0;
  Time submitted;               // there
  std::optional<Time> started;  // by the site's clock
  Time ended;
  std::uint32_t restarts = 0;
  jobs::Outcome outcome = jobs::Outcome::none;
  ComputeTime charged;
  ComputeTime given_back;
  ComputeTime owed;
};
FABRICA_DESCRIBE(RunView, task, site_id, submitted, started, ended, restarts, outcome, charged,
                 given_back, owed)

struct JobView {
  jobs::JobId id;
  std::string name;
  federation::ProjectId project;
  federation::PersonId owner;
  ledger::AccountId account;
  std::string site;
  std::string partition;
  Unit unit = Unit::gpu;
  jobs::JobPhase phase = jobs::JobPhase::waiting;
  jobs::Outcome outcome = jobs::Outcome::none;
  jobs::SubmissionState submission = jobs::SubmissionState::none;
  std::uint32_t attempt = 1;
  bool cancel_requested = false;
  Time submitted;
  std::optional<Time> started;
  std::optional<Time> ended;
  Duration time_limit;
  std::uint32_t nodes = 1;
  std::uint32_t tasks = 1;
  std::uint32_t cpus_per_node = 1;
  std::uint32_t gpus_per_node = 0;
  std::uint64_t memory_mib_per_node = 0;
  std::uint32_t array_size = 0;
  ComputeTime hold;  // for all tasks and the whole limit
  ComputeTime charged;
  Sha256 script;
  Sha256 document;
  std::string policy;
  std::string reasons;
  std::string reference;
  // From here on: filled for one job, empty in lists.
  std::vector<TaskView> task_list;
  std::vector<RunView> runs;                     // that are settled, by task and start
  std::optional<std::string> user;               // login name of the submitter
  std::optional<std::string> working_directory;  // where the job runs
  std::optional<std::string> output;             // patterns, as the script gives them
  std::optional<std::string> error;
};
FABRICA_DESCRIBE(JobView, id, name, project, owner, account, site, partition, unit, phase, outcome,
                 submission, attempt, cancel_requested, submitted, started, ended, time_limit,
                 nodes, tasks, cpus_per_node, gpus_per_node, memory_mib_per_node, array_size, hold,
                 charged, script, document, policy, reasons, reference, task_list, runs, user,
                 working_directory, output, error)

/// An event as the log shows it.
struct EventView {
  Seq seq;
  Time at;
  federation::PersonId actor;
  CommandId cause;
  std::string event;
  std::int64_t version = 1;
  std::string body;  // JSON
};

// The views of things that State holds; the ids must be there.
SiteView view_of(const State& state, federation::SiteId id);
PartitionView view_of(const State& state, federation::PartitionId id);
OrganisationView view_of(const State& state, federation::OrganisationId id);
PersonView view_of(const State& state, federation::PersonId id);
ProjectView view_of(const State& state, federation::ProjectId id);
ModeView view_of(const State& state, calls::ModeId id);
CallView view_of(const State& state, calls::CallId id);
ProposalView view_of(const State& state, calls::ProposalId id);
AwardView view_of(const State& state, calls::AwardId id);

}  // namespace fabrica::store
