#include "cli/client.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <array>
#include <chrono>
#include <thread>

#include "base/check.h"

namespace fabrica::cli {

namespace {

constexpr Duration answer_timeout = seconds(100);  // a long poll waits 60 s
constexpr Duration stream_silence = seconds(60);   // then the stream is opened anew
constexpr std::string_view rows_per_page = "1000";
// Six tries within 16 seconds: a server that starts again is back by then.
constexpr std::array<std::int64_t, 5> waits_ms{250, 750, 2'000, 5'000, 8'000};

Outcome<json::Value> value_of_body(const net::Response& response) {
  if (response.body.empty()) return json::Value();
  Result<json::Value> value = json::Value::parse(response.body);
  if (value) return *std::move(value);
  Failure failure(exit_code::unreachable,
                  "What answers there is no Fabrica server: its answer is no JSON.");
  failure.hint = "Check the address given with --server.";
  return std::unexpected(std::move(failure));
}

bool may_repeat(const net::Request& request) {
  return request.method != net::Method::post || request.headers.find("Idempotency-Key").has_value();
}

}  // namespace

std::string new_idempotency_key() {
  std::array<std::uint64_t, 2> words{};
  const auto got = ::getrandom(words.data(), sizeof words, 0);
  CHECK(got == static_cast<ssize_t>(sizeof words), "the system gives random numbers");
  return fmt::format("{:016x}{:016x}", words[0], words[1]);
}

Outcome<Server> Server::at(const Target& target) {
  Result<net::Url> url = net::parse_url(target.url);
  if (!url)
    return usage_failure(
        fmt::format("The server's address {} is not one: {}", target.url, url.error().text));
  net::ClientOptions options;
  options.read_timeout = stream_silence;
  return Server(net::Client(*std::move(url), options), target.token);
}

net::Request Server::request(net::Method method, Path path, Pairs query) const {
  net::Request request;
  request.method = method;
  request.path = std::move(path);
  request.query.pairs = std::move(query);
  if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
  return request;
}

Outcome<net::Response> Server::send(const net::Request& request, Duration timeout) {
  Result<net::Response> response = client_.send(request, timeout);
  for (const std::int64_t wait_ms : waits_ms) {
    if (response || !reached_ || !may_repeat(request)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    response = client_.send(request, timeout);
  }
  if (!response) return std::unexpected(Failure(std::move(response).error()));
  reached_ = true;
  if (response->status >= 300)
    return std::unexpected(failure_of_answer(response->status, response->body));
  return *std::move(response);
}

Outcome<Answer> Server::answer_to(const net::Request& request) {
  TRY(net::Response response, send(request, answer_timeout));
  TRY(json::Value value, value_of_body(response));
  return Answer{std::move(response.body), std::move(value)};
}

Outcome<Answer> Server::get(Path path, Pairs query) {
  return answer_to(request(net::Method::get, std::move(path), std::move(query)));
}

Outcome<Answer> Server::post(Path path, std::string body) {
  // An answer to anything tells that the server is there, so that losing it then is worth patience.
  if (!reached_) TRY_DONE(send(request(net::Method::get, {"v1", "version"}, {}), answer_timeout));
  net::Request post = request(net::Method::post, std::move(path), {});
  post.headers.add("Content-Type", "application/json");
  post.headers.add("Idempotency-Key", new_idempotency_key());
  post.body = std::move(body);
  return answer_to(post);
}

Outcome<Answer> Server::remove(Path path) {
  return answer_to(request(net::Method::remove, std::move(path), {}));
}

Outcome<void> Server::pages(const Path& path, const Pairs& query,
                            const std::function<bool(const std::vector<json::Value>&)>& on_page) {
  std::optional<std::string> next;
  do {
    Pairs asked = query;
    asked.emplace_back("limit", rows_per_page);
    if (next) asked.emplace_back("page_token", *next);
    TRY(const Answer page, get(path, std::move(asked)));
    if (!on_page(page.value.get("items").items())) return {};
    next = page.value.get("next_page_token").as_string();
  } while (next);
  return {};
}

Outcome<std::vector<json::Value>> Server::list(const Path& path, const Pairs& query) {
  std::vector<json::Value> all;
  TRY_DONE(pages(path, query, [&](const std::vector<json::Value>& items) {
    all.insert(all.end(), items.begin(), items.end());
    return true;
  }));
  return all;
}

Outcome<net::Response> Server::fetch(Path path, Pairs query, Duration timeout) {
  return send(request(net::Method::get, std::move(path), std::move(query)), timeout);
}

Outcome<Result<void>> Server::stream(Path path, Pairs query, std::string_view accept,
                                     const std::function<bool(std::string_view)>& on_chunk) {
  net::Request asked = request(net::Method::get, std::move(path), std::move(query));
  asked.headers.add("Accept", accept);
  const Result<net::Response> response = client_.stream(asked, on_chunk);
  if (!response) return Result<void>(std::unexpected(response.error()));
  reached_ = true;
  // A server that is just starting or stopping is worth another try.
  if (response->status == 503)
    return Result<void>(refuse(refusal::unavailable, "", response->body));
  if (response->status >= 300)
    return std::unexpected(failure_of_answer(response->status, response->body));
  return Result<void>();
}

}  // namespace fabrica::cli
