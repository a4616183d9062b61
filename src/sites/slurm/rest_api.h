#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "sites/slurm/cluster.h"

/// What is sent to slurmrestd: its versions, and the request for each ask.
namespace fabrica::sites::slurm {

/// A published version of slurmrestd's interface, v0.0.<number>.
struct ApiVersion {
  std::uint32_t number = 0;

  friend constexpr auto operator<=>(ApiVersion, ApiVersion) = default;
};

/// Slurm 22.05 and 25.05: what is spoken here, with all between.
inline constexpr ApiVersion api_oldest{38};
inline constexpr ApiVersion api_newest{43};

/// "v0.0.38".
std::string to_string(ApiVersion version);

/// Reads "v0.0.38". Refused where it is none, or one that is not spoken here.
Result<ApiVersion> parse_api_version(std::string_view text);

/// The newest version spoken here whose paths an OpenAPI document names for slurmctld; none where
/// there is none. The document is searched as text, so its own version does not matter.
std::optional<ApiVersion> newest_version_in(std::string_view openapi);

/// Where slurmrestd has its OpenAPI document.
net::Request openapi_request();

/// The counts of slurmctld: a small answer for which a good token is needed.
net::Request diag_request(ApiVersion version);

/// The request for an ask, without the headers that say who asks. `cluster` is the cluster's name
/// in slurmdbd, which may know several. Refused (`invalid`) is what slurmrestd could not take.
Result<net::Request> request_of(const Ask& ask, ApiVersion version, std::string_view cluster);

/// All runs that were at the cluster at any time from `from` on and before `to`, by slurmdbd.
net::Request books_request(ApiVersion version, std::string_view cluster, Time from, Time to);
/// What goes before that request, in this order, each once the one before was done: an account is
/// made before its user may use it.
std::vector<net::Request> requests_before(const Ask& ask, ApiVersion version,
                                          std::string_view cluster);

/// Reads the time of an HTTP Date header ("Sun, 22 Nov 2026 14:48:00 GMT"); none otherwise.
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace fabrica::sites::slurm
