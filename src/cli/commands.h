#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "cli/submission.h"

/// What each command does once its words are understood. Each returns the exit code.
namespace fabrica::cli {

// commands_server.cpp: the server on this machine.

struct UpOptions {
  std::string config;
  std::string address;
  std::string unix_socket;
  std::optional<std::uint16_t> port;
};
Outcome<int> up(Session& session, const UpOptions& options);
Outcome<int> down(Session& session);
Outcome<int> show_version(Session& session, const std::string& version);
Outcome<int> whoami(Session& session);

// commands_federation.cpp

Outcome<int> sites(Session& session, const std::string& name);
Outcome<int> steer_site(Session& session, const std::string& name, const std::string& verb);

struct ReconcileOptions {
  std::string site;
  std::string from;  // a day or a time; empty: 30 days before the other
  std::string to;    // empty: now
};
Outcome<int> reconcile_site(Session& session, const ReconcileOptions& options);

// commands_site_add.cpp

struct AddSiteOptions {
  std::string site;
  std::string name;
  std::string url;
  std::string ca_file;
  std::string cluster;
  std::string key_file;
  std::string key_id;
  std::string token_user = "slurm";
  std::string user;
  std::string account;
  bool provision = false;
  std::string write;  // a file to append to; empty: printed
  bool force = false;
};
/// Looks at a cluster and proposes the settings for it. Needs no server.
Outcome<int> add_site(Session& session, const AddSiteOptions& options);

struct CheckSiteOptions {
  std::string site;
  bool mend = false;
};
Outcome<int> check_site(Session& session, const CheckSiteOptions& options);
Outcome<int> partitions(Session& session, const std::string& site);
Outcome<int> add_capacity(Session& session, const std::string& partition, const std::string& hours,
                          const std::string& text);

struct NewOrganisationOptions {
  std::string name;
  std::string country;
  std::string kind = "sme";
};
Outcome<int> add_organisation(Session& session, const NewOrganisationOptions& options);
Outcome<int> list_organisations(Session& session);

struct NewPersonOptions {
  std::string name;
  std::string email;
  std::string organisation;
  std::vector<std::string> roles;
  std::vector<std::string> operates;
};
Outcome<int> add_person(Session& session, const NewPersonOptions& options);

Outcome<int> create_project(Session& session, const std::string& title,
                            const std::string& organisation);
Outcome<int> list_projects(Session& session);
struct MembersOptions {
  std::string project;
  std::string add;
  std::string remove;
};
Outcome<int> members(Session& session, const MembersOptions& options);

// commands_calls.cpp

Outcome<int> list_modes(Session& session);
Outcome<int> list_calls(Session& session);

struct NewCallOptions {
  std::string mode;
  std::string title;
  std::vector<std::string> partitions;
  std::string closes;
};
Outcome<int> open_call(Session& session, const NewCallOptions& options);

struct ProposeOptions {
  std::string call;
  std::string project;
  std::string title;
  std::string partition;
  std::string hours;
  std::uint32_t months = 1;
  std::optional<std::uint32_t> gpus_per_job;
  std::optional<std::uint32_t> nodes_per_job;
  bool civil_use = false;
  bool open_research = false;
  std::string text;
  std::string text_file;
};
Outcome<int> propose(Session& session, const ProposeOptions& options);
Outcome<int> list_proposals(Session& session);
Outcome<int> show_proposal(Session& session, const std::string& id);
Outcome<int> assess(Session& session, const std::string& id, bool unsuitable,
                    const std::string& text);
Outcome<int> grant(Session& session, const std::string& id);
Outcome<int> list_awards(Session& session);
Outcome<int> answer_award(Session& session, const std::string& id, const std::string& verb);

// commands_jobs.cpp

Outcome<int> plan(Session& session, const SubmitWords& words);
/// Why a job has not begun, when it probably will, and what would make that sooner.
Outcome<int> why(Session& session, const std::string& id);
Outcome<int> submit(Session& session, const SubmitWords& words);

struct JobsOptions {
  bool all = false;
  std::string project;
  std::string site;
  std::string name;
  std::string phase;
};
/// A job's number in a path, from "7" or "job-7".
Outcome<std::string> job_path_word(const std::string& id);
Outcome<int> list_jobs(Session& session, const JobsOptions& options);
Outcome<int> show_job(Session& session, const std::string& id, bool script);
Outcome<int> cancel(Session& session, const std::vector<std::string>& ids);

struct LogsOptions {
  std::string job;
  bool follow = false;
  bool error_stream = false;
  std::optional<std::uint32_t> task;  // of an array, by its own number
};
Outcome<int> logs(Session& session, const LogsOptions& options);
Outcome<int> wait_for_job(Session& session, const std::string& id);

// commands_ledger.cpp

Outcome<int> statement(Session& session, const std::string& account, const std::string& project);

// commands_log.cpp

Outcome<int> show_log(Session& session, std::uint64_t after, bool follow);
Outcome<int> verify_log(Session& session);
/// Makes the read tables anew; refused while a server runs on the directory.
Outcome<int> rebuild_log(Session& session);
Outcome<int> replay_log(Session& session);

// commands_simulate.cpp

struct SimulateOptions {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::uint64_t steps = 0;  // 0: as many as by default
};
Outcome<int> run_simulation(Session& session, const SimulateOptions& options);

// commands_replay.cpp

struct ReplayWords {
  std::string swf;  // a file; empty: another kind of simulation is meant
  std::int32_t procs = 0;
  std::string scheduler = "easy";
  std::string order = "default";
  std::string scale = "1";
  std::optional<std::size_t> depth;
  bool perfect_limits = false;
  std::int32_t nodes = 0;  // of the machine, instead of procs
  std::int32_t gpus_per_node = 0;
  std::string weights;  // of priority; empty: as they are by default
  std::optional<std::int64_t> half_life_days;
  std::optional<std::int64_t> age_days;
  std::vector<std::string> maintenance;  // FROM:TO[:PROCESSORS]
  std::vector<std::string> failures;     // likewise
  bool predict = false;                  // also predicts starts
  std::vector<std::int32_t> sites;       // widths; empty: one machine
  std::string placement = "late_binding";
  bool whole = false;  // the Engine decides, and every job is held for and charged
  std::string load;    // empty: as the trace has it
  std::optional<std::size_t> first;
  std::string schedule_out;
  std::string trace_cache;
};
Outcome<int> replay_trace(Session& session, const ReplayWords& words);

// commands_scenario.cpp

struct ScenarioWords {
  std::string file;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> seeds;  // instead of the scenario's own
  std::size_t jobs = 0;                // threads; 0: as many as there are cores
  std::string schedule_out;
  std::string report;  // an HTML page, of the first run and with a table of all
  std::string trace_cache;
};
Outcome<int> run_scenario(Session& session, const ScenarioWords& words);

struct CompareWords {
  std::string a;
  std::string b;
  ScenarioWords run;  // of sides that are scenarios; without a file
};
Outcome<int> compare_scenarios(Session& session, const CompareWords& words);

/// What `fabrica simulate` was given, whichever kind of simulation that means.
struct SimulateWords {
  ScenarioWords scenario;
  ReplayWords replay;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> seeds;
  std::uint64_t steps = 0;
  std::string schedule_out;
  std::string trace_cache;
};
Outcome<int> simulate_words(Session& session, const SimulateWords& words);

// commands_token.cpp

struct NewTokenOptions {
  std::string label;
  std::string person;
  bool read_only = false;
  std::optional<std::uint32_t> days;
  std::string save;  // a file to write it to
};
Outcome<int> create_token(Session& session, const NewTokenOptions& options);
Outcome<int> list_tokens(Session& session, const std::string& person);
Outcome<int> revoke_token(Session& session, const std::string& id);

}  // namespace fabrica::cli
