#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/describe.h"
#include "base/time.h"

/// One Slurm cluster as the submission protocol sees it: what can be asked of it, and what it
/// answers. Behind it is a slurmrestd, or a simulated slurmctld.
namespace fabrica::sites::slurm {

/// The states of a job that matter to us; Slurm's other words are mapped to the nearest. `strange`:
/// a word that we do not know, taken for no news.
enum class ClusterState : std::uint8_t {
  strange,
  pending,
  running,  // or configuring, suspended, stopped, completing
  completed,
  failed,
  timeout,
  cancelled,
  out_of_memory,
  node_failed,  // or a boot failure
  preempted,
  deadline,
  requeued  // of a record of slurmdbd: that run is over, and the job is not
};
FABRICA_DESCRIBE_ENUM(ClusterState, strange, pending, running, completed, failed, timeout,
                      cancelled, out_of_memory, node_failed, preempted, deadline, requeued)

inline bool has_ended(ClusterState state) { return state >= ClusterState::completed; }

/// A job, or a task of an array, as slurmctld or slurmdbd shows it. Times are by the cluster's
/// clock, in whole seconds; zero where there is none.
struct ClusterJob {
  std::uint32_t id = 0;
  std::uint32_t array_id = 0;               // of the whole array; zero: no array
  std::optional<std::uint32_t> array_task;  // none in an array: its tasks that are still together
  std::string cluster;                      // its ClusterName; empty: not told
  std::string name;
  std::string comment;
  std::string user;
  std::string account;
  std::string partition;
  ClusterState state = ClusterState::strange;
  bool held = false;
  std::string reason;
  Time submitted;
  Time started;          // of the last run
  Time estimated_start;  // of a pending job, by the cluster's backfill
  Time ended;
  std::uint32_t restarts = 0;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::string nodes;
  // From here on: as slurmctld shows one that has not ended.
  std::string tres = {};     // what it has, or asks for: "cpu=4,mem=8G,node=1,gres/gpu=2"
  Duration time_limit = {};  // zero: none
  Time limit_at = {};        // when a running one is stopped
};
FABRICA_DESCRIBE(ClusterJob, id, array_id, array_task, cluster, name, comment, user, account,
                 partition, state, held, reason, submitted, started, estimated_start, ended,
                 restarts, exit_code, signal, nodes, tres, time_limit, limit_at)

/// The id under which it is bound: of its whole array, where it is a task of one.
inline std::uint32_t root_of(const ClusterJob& job) {
  return job.array_id != 0 ? job.array_id : job.id;
}

/// A job to submit, in Slurm's own words. Empty texts and zeros are left out.
struct Submission {
  std::string name;
  std::string comment;
  std::string user;  // whom the job belongs to
  std::string account;
  std::string partition;
  std::string qos;
  std::string constraint;
  std::string reservation;
  std::string script;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value"; slurmrestd wants at least one
  std::string working_directory;
  std::string output;
  std::string error;
  std::string input;
  bool append = false;
  bool hold = true;
  bool exclusive = false;
  std::uint32_t nodes = 1;
  std::uint32_t tasks = 1;
  std::uint32_t tasks_per_node = 0;
  std::uint32_t cpus_per_task = 1;
  std::uint64_t memory_mib_per_node = 0;
  std::string gres;   // a node's, "gpu:a100:4"
  std::string array;  // "0-3%2"
  std::string dependency;
  std::string signal;   // "B:USR1@120"
  Duration time_limit;  // rounded up to whole minutes
};

/// An award's account at the cluster, as it shall be, in Slurm's own words.
struct AccountWords {
  std::string name;
  std::string description = {};
  std::string parent = {};  // the account above it; empty: root
  std::string user;         // who may use it
  std::string tres;         // what is limited: "gres/gpu", "cpu", "node"
  std::uint64_t minutes = 0;
  bool closed = false;  // takes no jobs

  friend bool operator==(const AccountWords&, const AccountWords&) = default;
};

/// An account of the cluster that somebody may use there, as slurmdbd shows it to the one user who
/// shall.
struct SeenAccount {
  struct Limit {
    std::string tres;
    std::uint64_t minutes = 0;
  };
  std::string name;
  std::vector<Limit> limits = {};        // GrpTRESMins of the user there
  bool open = true;                      // GrpSubmitJobs is not 0
  bool usable = true;                    // by that user
  std::vector<std::string> others = {};  // who may use it besides, in the order of their names
};

namespace ask {

struct Submit {
  Submission job;
};
/// Lets a held job go. Harmless for one that runs.
struct Release {
  std::string user;
  std::uint32_t id = 0;
};
/// Ends a job, with all tasks of an array. Harmless for one that has ended.
struct Cancel {
  std::string user;
  std::uint32_t id = 0;
};
/// All jobs that slurmctld still knows; none when nothing changed since `since` (zero: always all).
struct List {
  Time since;
};
/// One job, with all tasks of an array.
struct Show {
  std::uint32_t id = 0;
};
/// Jobs of slurmdbd submitted from `from` on, whose name ends with `name_end`; of this cluster
/// only, unless it may have another name than the settings say.
struct Past {
  Time from;
  std::string name_end;
  bool any_cluster = false;
  std::uint32_t id = 0;  // of one job, with all tasks of an array; zero: of all
};
/// Whether slurmctld itself answers.
struct Ping {};
/// Keeps a pending job from starting. Harmless for one that runs.
struct Hold {
  std::string user;
  std::uint32_t id = 0;
};
/// Has slurmdbd make the account and let its user use it, or changes what is there: as often as one
/// likes. One that is closed must be there.
struct Keep {
  AccountWords account;
};
/// These accounts as they are at this cluster: what of them the user may use, and who else may.
struct Look {
  std::string user;
  std::vector<std::string> accounts;
};

}  // namespace ask

using Ask = std::variant<ask::Submit, ask::Release, ask::Cancel, ask::List, ask::Show, ask::Past,
                         ask::Ping, ask::Hold, ask::Keep, ask::Look>;

/// What came of an ask.
enum class Came : std::uint8_t {
  done,       // the cluster did it, or says what was asked
  unchanged,  // List: nothing changed since
  unknown,    // Show, Release, Cancel, Hold: the cluster knows no such job
  refused,    // the cluster says no, and will say no again: `text`
  unclear,    // it may have been done, or be done yet, or not
  unsent      // it was certainly not done: there was no connection, or no room to ask
};
FABRICA_DESCRIBE_ENUM(Came, done, unchanged, unknown, refused, unclear, unsent)

struct Answer {
  std::uint64_t ticket = 0;
  Came came = Came::done;
  std::uint32_t id = 0;               // Submit
  std::vector<ClusterJob> jobs;       // List, Show, Past, of which each run of a job is one
  std::vector<SeenAccount> accounts;  // Look
  bool of_account = false;  // Submit refused: the user may not use the account there, or not yet
  Time cluster_time;        // the cluster's clock when it answered; zero: not told
  std::string text;         // of a refusal, or what went wrong
};

/// Asks go out at once, several at a time; answers come in any order. Every ask gets one answer
/// within a bounded time. For one thread.
class Cluster {
 public:
  virtual ~Cluster() = default;

  virtual void send(std::uint64_t ticket, Ask ask) = 0;

  /// The answers that have come since.
  virtual std::vector<Answer> receive(Time now) = 0;
};

}  // namespace fabrica::sites::slurm
