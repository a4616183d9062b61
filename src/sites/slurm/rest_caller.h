#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/client.h"
#include "sites/slurm/errors.h"
#include "sites/slurm/rest_api.h"
#include "sites/slurm/rest_cluster.h"
#include "sites/slurm/token.h"

namespace fabrica::sites::slurm {

/// What all connections to one slurmrestd share. For any thread.
class RestShared {
 public:
  /// Refuses a URL, a version or a key that cannot be used. Asks nothing of slurmrestd.
  static Result<std::unique_ptr<RestShared>> open(RestOptions options);

  const RestOptions options;
  const net::Url url;
  const std::string key_set;  // the key's public part; empty: it has none
  TokenMint mint;

  /// The version that was configured or found; none before.
  std::optional<ApiVersion> version() const;
  void found(ApiVersion version);
  /// Paths of the version are not there any more: find another, unless one was configured.
  void lost_version();

 private:
  RestShared(RestOptions options, net::Url url, std::optional<ApiVersion> version, TokenKey key);

  mutable std::mutex mutex_;
  const bool configured_;
  std::optional<ApiVersion> version_;
};

/// Asks over one connection, one ask after the other, on one thread.
class RestCaller {
 public:
  explicit RestCaller(RestShared& shared);

  /// Does not throw. The answer's ticket is left 0.
  Answer call(const Ask& ask);

  /// From any thread: ends the call in work, and all later ones.
  void abandon() { client_.abandon(); }

  /// A response, or why there is none.
  struct Sent {
    std::optional<net::Response> response;
    bool may_have_left = false;
    std::string trouble;
  };

  /// Sends any request with the headers that say who asks; an empty `user`: the reading one.
  Sent exchange(net::Request request, const std::string& user, Duration timeout);

  /// Whether the text has a token in it that was sent lately, and so must not be shown.
  bool tells_token(const std::string& text) const;

 private:
  Answer call_unguarded(const Ask& ask);
  Answer answer_of(const Ask& ask, ApiVersion version);
  Answer answer_to(const Ask& ask, ApiVersion version, net::Request request);
  std::optional<ApiVersion> find_version(Answer& failed);
  Sent exchange_with(std::string token, net::Request request, const std::string& name,
                     Duration timeout);
  void look_into_token(const std::string& user, ApiVersion version, Duration took,
                       Judgement& judgement);
  bool takes(std::string token, const std::string& token_user, ApiVersion version);
  const std::string& token_user_for(const std::string& user) const;

  RestShared& shared_;
  net::Client client_;
  std::vector<std::string> tokens_;  // of the ask in work, to keep them out of every text
};

}  // namespace fabrica::sites::slurm
