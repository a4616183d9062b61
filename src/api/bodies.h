#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/job_request.h"
#include "api/problem.h"
#include "base/describe.h"
#include "json/types.h"
#include "placement/outlook.h"
#include "store/private_store.h"
#include "store/views.h"

/// What clients send, and what they get where it is not a view of store/views.h. Members that are
/// optional or lists may be left out; unknown ones are passed over.
namespace fabrica::api {

// People and tokens.

struct NewPerson {
  std::string name;
  std::string email;
  std::optional<federation::OrganisationId> organisation;
  std::vector<federation::Role> roles;
  std::vector<std::string> operates;  // slugs of sites, for the role of a site operator
};
FABRICA_DESCRIBE(NewPerson, name, email, organisation, roles, operates)

struct NewRoles {
  std::vector<federation::Role> roles;
  std::vector<std::string> operates;
};
FABRICA_DESCRIBE(NewRoles, roles, operates)

/// Name and address are absent once they are erased.
struct PersonAbout {
  federation::PersonId id;
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<federation::OrganisationId> organisation;
  std::vector<federation::Role> roles;
  std::vector<std::string> operates;
};
FABRICA_DESCRIBE(PersonAbout, id, name, email, organisation, roles, operates)

struct Me {
  PersonAbout person;
  std::vector<store::ProjectView> projects;
  store::TokenView token;
};
FABRICA_DESCRIBE(Me, person, projects, token)

struct NewToken {
  std::string label;
  std::optional<federation::PersonId> person;  // absent: the caller
  std::optional<bool> read_only;
  std::optional<std::uint32_t> days;  // until it expires
};
FABRICA_DESCRIBE(NewToken, label, person, read_only, days)

/// The token itself is shown this once.
struct MintedToken {
  std::uint64_t id = 0;
  federation::PersonId person;
  std::string label;
  bool read_only = false;
  Time expires;
  std::string token;
};
FABRICA_DESCRIBE(MintedToken, id, person, label, read_only, expires, token)

// Organisations and projects.

struct NewOrganisation {
  std::string name;
  std::string country;
  federation::OrganisationKind kind = federation::OrganisationKind::sme;
};
FABRICA_DESCRIBE(NewOrganisation, name, country, kind)

struct NewProject {
  std::string title;
  federation::OrganisationId organisation;
};
FABRICA_DESCRIBE(NewProject, title, organisation)

struct NewMember {
  federation::PersonId person;
};
FABRICA_DESCRIBE(NewMember, person)

// Calls. Hours are decimal texts, "500" or "0.25", so that no client rounds them.

struct NewCall {
  std::string mode;
  std::string title;
  std::vector<std::string> partitions;
  std::optional<Time> closes;
};
FABRICA_DESCRIBE(NewCall, mode, title, partitions, closes)

struct NewProposal {
  federation::ProjectId project;
  std::string title;
  std::string partition;
  std::string hours;
  std::uint32_t months = 1;
  std::optional<std::uint32_t> gpus_per_job;
  std::optional<std::uint32_t> nodes_per_job;
  bool civil_use = false;
  bool open_research = false;
  std::string text;
};
FABRICA_DESCRIBE(NewProposal, project, title, partition, hours, months, gpus_per_job, nodes_per_job,
                 civil_use, open_research, text)

struct NewAssessment {
  bool suitable = false;
  std::optional<std::string> text;
};
FABRICA_DESCRIBE(NewAssessment, suitable, text)

// The ledger.

/// Of runs that ended from `from` on (30 days before `to`) and before `to` (now).
struct ReconcilePeriod {
  std::optional<Time> from;
  std::optional<Time> to;
};
FABRICA_DESCRIBE(ReconcilePeriod, from, to)

struct NewCapacity {
  std::string hours;  // "-100" takes unawarded hours back
  std::optional<std::string> text;
};
FABRICA_DESCRIBE(NewCapacity, hours, text)

struct NewTransfer {
  ledger::AccountId from;
  ledger::AccountId to;
  std::string hours;
  std::optional<std::string> text;
};
FABRICA_DESCRIBE(NewTransfer, from, to, hours, text)

struct NewExchange {
  ledger::AccountId from;
  ledger::AccountId to;
  std::string hours;  // of `from`
  Rational rate;
  std::optional<std::string> text;
};
FABRICA_DESCRIBE(NewExchange, from, to, hours, rate, text)

struct NewCorrection {
  std::string hours;  // given back; "-2" charges two more
  std::optional<jobs::JobId> job;
  std::optional<std::string> text;
};
FABRICA_DESCRIBE(NewCorrection, hours, job, text)

struct Moved {
  store::AccountView from;
  store::AccountView to;
};
FABRICA_DESCRIBE(Moved, from, to)

// Jobs.

struct SubmittedJob {
  store::JobView job;
  std::vector<DiagnosticView> diagnostics;  // warnings
};
FABRICA_DESCRIBE(SubmittedJob, job, diagnostics)

/// Jobs to submit in one request.
struct JobBatch {
  std::vector<Submission> jobs;
};
FABRICA_DESCRIBE(JobBatch, jobs)

/// What came of one of them: its number, or why it was refused.
struct BatchedJob {
  std::optional<jobs::JobId> job;
  std::optional<ProblemView> problem;
};
FABRICA_DESCRIBE(BatchedJob, job, problem)

struct BatchAnswer {
  std::vector<BatchedJob> jobs;
};
FABRICA_DESCRIBE(BatchAnswer, jobs)

/// Whether the job could run on this partition now, and what it would cost: the hold for all tasks
/// and the whole time limit.
struct PlanRowView {
  std::string site;
  std::string partition;
  bool possible = false;
  bool chosen = false;
  std::string reason;  // why not
  Unit unit = Unit::gpu;
  std::optional<std::string> units;  // that one task occupies, an exact fraction: "2/1"
  std::optional<ComputeTime> cost;
  std::optional<std::string> cost_hours;
  std::optional<ledger::AccountId> account;
  std::optional<ComputeTime> balance_after;
  std::optional<std::string> balance_after_hours;
  std::string diff;                  // of the script as a Slurm there gets it; empty: unchanged
  std::vector<std::string> remarks;  // what changes there and might be missed
};
FABRICA_DESCRIBE(PlanRowView, site, partition, possible, chosen, reason, unit, units, cost,
                 cost_hours, account, balance_after, balance_after_hours, diff, remarks)

struct PlanView {
  std::vector<PlanRowView> rows;
  std::optional<std::string> chosen;   // the partition that the job would be placed on
  std::optional<std::string> refusal;  // why it would not be accepted now
  std::vector<jobs::JobId> waits_for;  // jobs that are still to begin or end before it starts
  std::vector<DiagnosticView> diagnostics;
};
FABRICA_DESCRIBE(PlanView, rows, chosen, refusal, waits_for, diagnostics)

/// What a job that waits would need on a partition, and what is free there, in billed units.
struct RoomView {
  std::string partition;
  double needed = 0;
  double free = 0;  // below zero: more was sent there than fits
  std::string standing;
};
FABRICA_DESCRIBE(RoomView, partition, needed, free, standing)

struct SoonerView {
  placement::Instead instead = placement::Instead::half_the_time;
  Time start;
  std::string partition;
};
FABRICA_DESCRIBE(SoonerView, instead, start, partition)

struct OutlookView {
  jobs::JobId job;
  jobs::JobPhase phase = jobs::JobPhase::waiting;
  std::string why;
  std::optional<Time> start = {};  // none: it has begun, or nothing can be said
  std::optional<std::string> partition = {};
  std::vector<RoomView> rooms = {};     // of a job that waits with us
  std::vector<SoonerView> sooner = {};  // had it asked for less
};
FABRICA_DESCRIBE(OutlookView, job, phase, why, start, partition, rooms, sooner)

// The log.

struct EventBody {
  Seq seq;
  Time at;
  federation::PersonId actor;
  CommandId cause;
  std::string type;
  std::int64_t version = 1;
  json::Raw body;
};
FABRICA_DESCRIBE(EventBody, seq, at, actor, cause, type, version, body)

/// Where the log stands: `chain` binds all events up to `last`, `state` is the digest of the state
/// that they lead to.
struct LogView {
  Seq last;
  Sha256 chain;
  Digest state;
  std::uint64_t live_jobs = 0;
  Time now;
};
FABRICA_DESCRIBE(LogView, last, chain, state, live_jobs, now)

// The server.

struct VersionView {
  std::string version;
  std::string api;
};
FABRICA_DESCRIBE(VersionView, version, api)

struct HealthView {
  std::string status;
};
FABRICA_DESCRIBE(HealthView, status)

}  // namespace fabrica::api
