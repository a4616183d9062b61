#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/random.h"
#include "base/time.h"
#include "system/server.h"
#include "system/slurm/bed.h"
#include "system/slurm/fault_proxy.h"
#include "system/slurm/verdict.h"

/// A server, its Slurm clusters with a bad network before each, and jobs that write down when they
/// run, while one thing after the other breaks.
namespace fabrica::test {

/// What breaks. A daemon that is killed (SIGKILL) is started again within 1.5 s, one that is frozen
/// (SIGSTOP) goes on after a while; those of the network are windows; see Mischief.
enum class Fault : std::uint8_t {
  fabricad_killed,
  fabricad_frozen,
  slurmctld_killed,
  slurmctld_frozen,  // up to 12 s: more than Slurm's own MessageTimeout
  slurmrestd_killed,
  slurmrestd_frozen,
  slurmdbd_killed,
  slurmdbd_frozen,
  slurmd_killed,
  slurmd_frozen,
  network_delays,
  network_drops_replies,
  network_cuts_replies,
  network_doubles,
  network_submits_late,
  network_submits_again,
  node_lost  // its slurmd is dead for so long that Slurm gives up the node and its jobs
};
FABRICA_DESCRIBE_ENUM(Fault, fabricad_killed, fabricad_frozen, slurmctld_killed, slurmctld_frozen,
                      slurmrestd_killed, slurmrestd_frozen, slurmdbd_killed, slurmdbd_frozen,
                      slurmd_killed, slurmd_frozen, network_delays, network_drops_replies,
                      network_cuts_replies, network_doubles, network_submits_late,
                      network_submits_again, node_lost)

struct ProofOptions {
  std::uint64_t faults = 0;
  std::uint64_t seed = 0;
  std::uint32_t clusters = 3;
  bool jobs_speak = true;  // they ask the server before they run, and say when they have ended
};

class Proof {
 public:
  Proof(const std::filesystem::path& directory, const ProofOptions& options);

  /// Submits jobs and breaks things, as often as the options say: from a deck with each fault
  /// once, shuffled anew each time it is used up. A node is lost only in a long proof, because
  /// Slurm needs a minute for that, and its jobs two more.
  void break_all();

  /// Waits until every job has ended, or for so long that those that have not are stuck. What Slurm
  /// leaves to the operator of a site is done: nodes that it drained are resumed, and so on.
  void settle();

  /// Stops the server, counts, prints the report, and fails the test for what may not be.
  void judge();

 private:
  using Clock = std::chrono::steady_clock;

  std::string settings() const;
  void submit_some();
  void submit();
  void break_one(Fault fault);
  void kill_for_a_while(const std::string& daemon);
  void freeze_for_a_while(const std::string& daemon, std::int64_t longest_ms);
  void open_window(Mischief mischief);
  void lose_node();
  void mend_due(bool all);
  void mend_nodes();
  void register_nodes();
  void hurry_requeued();
  void pause(std::int64_t longest_ms);
  std::string draw_node();
  FaultProxy& proxy() { return *proxies_.at(cluster_); }
  std::string live_jobs();
  JobSeen look_at(std::uint64_t number);
  void print_report(const std::map<Verdict, std::vector<std::string>>& verdicts,
                    std::size_t charged_twice) const;

  ProofOptions options_;
  Random random_;
  std::filesystem::path work_;
  SlurmBed bed_;
  std::map<std::string, std::unique_ptr<FaultProxy>> proxies_;  // by cluster
  std::uint16_t port_ = free_port();
  ServerProcess server_;
  std::int64_t project_ = 0;

  std::string cluster_;                               // where the next fault is
  std::vector<std::uint64_t> ids_;                    // ours, of all that were submitted
  std::map<std::string, std::vector<Time>> crashes_;  // of slurmctld, by cluster
  std::map<std::string, Clock::time_point> dead_;     // a slurmd, and when it is started again
  std::map<Fault, std::uint64_t> done_;
  double broke_s_ = 0;
  double settled_s_ = 0;
};

}  // namespace fabrica::test
