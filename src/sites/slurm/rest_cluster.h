#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "sites/slurm/cluster.h"
#include "sites/slurm/token.h"

namespace fabrica::sites::slurm {

/// How long an exchange may take, by kind of ask. slurmrestd itself answers about 10 s (Slurm's
/// MessageTimeout) after it lost slurmctld; what is shorter turns those answers into silence.
struct AskTimeouts {
  Duration change = seconds(45);  // Submit, Release, Cancel, Hold
  Duration list = seconds(60);
  Duration show = seconds(30);
  Duration past = seconds(60);
  Duration ping = seconds(15);
  /// An ask that waited this long for a free connection is not sent any more.
  Duration queue = seconds(30);
};

struct RestOptions {
  std::string url;                // slurmrestd's: http, https or unix
  std::string ca_file = {};       // PEM of the authorities to trust for https; empty: the system's
  std::string api_version = {};   // "v0.0.38"; empty: the newest that both know
  std::string cluster_name = {};  // in slurmdbd; empty: slurmrestd's own cluster
  KeyKind key_kind = KeyKind::hs256;
  std::filesystem::path key_file = {};
  std::string key_id = {};
  /// Whose tokens are sent, and who reads: root, or Slurm's own user. A job's user is named beside
  /// the token, which only those two may do.
  std::string token_user = "slurm";
  /// Submits, releases and cancels with a token of the job's own user instead, so that
  /// `token_user` may be anyone who may see all jobs.
  bool own_tokens = false;
  Duration token_life = minutes(30);
  /// To slurmrestd for slurmctld; one more is for slurmdbd. slurmrestd has 20 threads by default,
  /// and each of these holds one while slurmctld does not answer.
  std::size_t connections = 8;
  std::size_t asks_max = limits::site_requests_at_once;  // that wait; more are `unsent` at once
  AskTimeouts timeouts = {};
};

/// A cluster behind its slurmrestd. Each ask is answered within its timeout and the time in the
/// queue, save for the lookup of a name, whose timeout is the system's.
///
/// What an answer's text says never has a token or key in it. A token that the cluster does not
/// take cannot be told from a slurmctld that is gone by its answer alone, a ping's included: the
/// next token is then a new one, and where the answer came at once, the text says what that may
/// mean. That tokens expire too early there is found out with one that lasts for days.
class RestCluster : public Cluster {
 public:
  /// Refuses what in the options cannot be, and a key that cannot be read. Asks nothing of the
  /// cluster yet.
  static Result<std::unique_ptr<RestCluster>> open(RestOptions options);

  /// Gives up what is in work; its answers are lost.
  ~RestCluster() override;
  RestCluster(const RestCluster&) = delete;
  RestCluster& operator=(const RestCluster&) = delete;

  void send(std::uint64_t ticket, Ask ask) override;
  std::vector<Answer> receive(Time now) override;

  /// An eventfd to poll: readable from when an answer came until the next receive().
  int wake_fd() const;

  /// The public key, as the cluster's jwks file must have it; see TokenKey::key_set.
  Result<std::string> key_set() const;

 private:
  class Pool;
  explicit RestCluster(std::unique_ptr<Pool> pool);
  std::unique_ptr<Pool> pool_;
};

}  // namespace fabrica::sites::slurm
