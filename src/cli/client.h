#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/outcome.h"
#include "cli/settings.h"
#include "json/value.h"
#include "net/client.h"

namespace fabrica::cli {

/// The segments of a path: {"v1", "jobs", "7"}.
using Path = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// An answer of the server: its text, and that as JSON.
struct Answer {
  std::string body;
  json::Value value;
};

/// The server of one command. Every POST bears an Idempotency-Key that was made once, so that it
/// may be sent again when the connection is lost before the answer came: the thing is done once.
class Server {
 public:
  static Outcome<Server> at(const Target& target);

  Outcome<Answer> get(Path path, Pairs query = {});
  Outcome<Answer> post(Path path, std::string body);
  Outcome<Answer> remove(Path path);

  /// Calls `on_page` with the items of each page of a list, until its end or `on_page` says false.
  Outcome<void> pages(const Path& path, const Pairs& query,
                      const std::function<bool(const std::vector<json::Value>&)>& on_page);

  /// All items of a list.
  Outcome<std::vector<json::Value>> list(const Path& path, const Pairs& query = {});

  /// The answer as it is, a success whatever its content.
  Outcome<net::Response> fetch(Path path, Pairs query, Duration timeout);

  /// Hands over the bytes of a streamed answer as they come. A refusal means that the stream broke
  /// or never began for want of a connection; a failure of the server comes as a Failure.
  Outcome<Result<void>> stream(Path path, Pairs query, std::string_view accept,
                               const std::function<bool(std::string_view)>& on_chunk);

 private:
  Server(net::Client client, std::string token)
      : client_(std::move(client)), token_(std::move(token)) {}

  net::Request request(net::Method method, Path path, Pairs query) const;
  Outcome<net::Response> send(const net::Request& request, Duration timeout);
  Outcome<Answer> answer_to(const net::Request& request);

  net::Client client_;
  std::string token_;
  bool reached_ = false;  // it has answered before, so that a silence now is worth some patience
};

/// 32 hexadecimal digits from the system's random numbers.
std::string new_idempotency_key();

}  // namespace fabrica::cli
