#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

/// A client that keeps many connections busy from one thread, so that it takes as little as it can
/// from the machine that it shares with the server.
namespace fabrica::bench {

struct Load {
  std::uint16_t port = 0;
  std::size_t connections = 64;
  std::uint64_t requests = 0;
  /// The bytes of the request of this number, head and body.
  std::function<std::string(std::uint64_t number)> request;
};

struct Measured {
  double requests_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  std::uint64_t failures = 0;  // answers other than 2xx
};

/// Sends each connection's next request when its last answer is complete. Ends the process when the
/// server closes a connection.
Measured drive(const Load& load);

}  // namespace fabrica::bench
