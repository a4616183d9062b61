#include "sites/slurm/rest_caller.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/utf8.h"
#include "sites/slurm/account_bodies.h"
#include "sites/slurm/check_replies.h"
#include "sites/slurm/shapes.h"

namespace fabrica::sites::slurm {

namespace {

constexpr std::size_t answer_text_max = 600;
// slurmrestd needs about 10 s to find that slurmctld is gone, but refuses a token at once.
constexpr Duration quick = seconds(3);

Time clock_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

Duration since(std::chrono::steady_clock::time_point start) {
  const auto took = std::chrono::steady_clock::now() - start;
  return milliseconds(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
}

std::string user_of(const Ask& ask) {
  return std::visit(
      []<class T>(const T& one) -> std::string {
        if constexpr (std::is_same_v<T, ask::Submit>) {
          return one.job.user;
        } else if constexpr (requires { one.user; }) {
          return one.user;
        } else {
          return {};
        }
      },
      ask);
}

Duration timeout_of(AskKind kind, const AskTimeouts& timeouts) {
  switch (kind) {
    case AskKind::list:
      return timeouts.list;
    case AskKind::show:
      return timeouts.show;
    case AskKind::past:
    case AskKind::keep:
    case AskKind::look:
      return timeouts.past;
    case AskKind::ping:
      return timeouts.ping;
    case AskKind::submit:
    case AskKind::release:
    case AskKind::cancel:
    case AskKind::hold:
      break;
  }
  return timeouts.change;
}

Result<Reply> read_for(const Ask& ask, const std::string& body, const std::string& cluster) {
  const auto* const past = std::get_if<ask::Past>(&ask);
  if (past == nullptr) return read_reply(body);
  return read_past_reply(body, {.cluster = past->any_cluster ? std::string{} : cluster,
                                .from = past->from,
                                .name_end = past->name_end});
}

Answer failure(Came came, std::string text) {
  Answer answer;
  answer.came = came;
  answer.text = std::move(text);
  return answer;
}

}  // namespace

Result<std::unique_ptr<RestShared>> RestShared::open(RestOptions options) {
  TRY(net::Url url, net::parse_url(options.url));
  std::optional<ApiVersion> version;
  if (!options.api_version.empty()) {
    TRY(version, parse_api_version(options.api_version));
  }
  TRY(TokenKey key, TokenKey::load(options.key_kind, options.key_file, options.key_id));
  return std::unique_ptr<RestShared>(
      new RestShared(std::move(options), std::move(url), version, std::move(key)));
}

RestShared::RestShared(RestOptions the_options, net::Url the_url, std::optional<ApiVersion> version,
                       TokenKey key)
    : options(std::move(the_options)),
      url(std::move(the_url)),
      key_set(key.key_set().value_or("")),
      mint(std::move(key), options.token_life),
      configured_(version.has_value()),
      version_(version) {}

std::optional<ApiVersion> RestShared::version() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

void RestShared::found(ApiVersion version) {
  const std::scoped_lock lock(mutex_);
  version_ = version;
}

void RestShared::lost_version() {
  const std::scoped_lock lock(mutex_);
  if (!configured_) version_.reset();
}

RestCaller::RestCaller(RestShared& shared)
    : shared_(shared),
      client_(shared.url, {.ca_file = shared.options.ca_file, .body_bytes_max = reply_bytes_max}) {}

Answer RestCaller::call(const Ask& ask) {
  Answer answer;
  try {
    answer = call_unguarded(ask);
  } catch (const std::exception&) {
    answer = failure(client_.may_have_left() ? Came::unclear : Came::unsent,
                     "The ask broke off within the server. Look into its memory.");
  }
  if (tells_token(answer.text)) {
    answer.text = "The cluster's answer is not shown, because it has our token in it.";
  }
  answer.text = std::string(cut_utf8(answer.text, answer_text_max));
  return answer;
}

bool RestCaller::tells_token(const std::string& text) const {
  return std::ranges::any_of(tokens_,
                             [&](const std::string& token) { return text.contains(token); });
}

Answer RestCaller::call_unguarded(const Ask& ask) {
  tokens_.clear();
  const std::string user = user_of(ask);
  if (!user.empty() && !is_user_name(user)) {
    return failure(Came::refused, "The job's user cannot be a user of a cluster.");
  }
  Answer failed;
  const auto version = find_version(failed);
  return version ? answer_of(ask, *version) : failed;
}

std::optional<ApiVersion> RestCaller::find_version(Answer& failed) {
  if (const auto known = shared_.version()) return known;
  const Sent sent = exchange(openapi_request(), {}, shared_.options.timeouts.show);
  if (!sent.response || sent.response->status != 200) {
    failed = failure(Came::unsent,
                     sent.response
                         ? fmt::format("slurmrestd answers {} when asked for its versions. Check "
                                       "its address, the key and the clocks.",
                                       sent.response->status)
                         : sent.trouble);
    return std::nullopt;
  }
  const auto version = newest_version_in(sent.response->body);
  if (version) {
    shared_.found(*version);
  } else {
    failed = failure(Came::unsent, fmt::format("slurmrestd offers no version from {} to {}.",
                                               to_string(api_oldest), to_string(api_newest)));
  }
  return version;
}

Answer RestCaller::answer_of(const Ask& ask, ApiVersion version) {
  for (net::Request& before : requests_before(ask, version, shared_.options.cluster_name)) {
    Answer made = answer_to(ask, version, std::move(before));
    if (made.came != Came::done) return made;
  }
  auto request = request_of(ask, version, shared_.options.cluster_name);
  if (!request) return failure(Came::refused, request.error().text);
  return answer_to(ask, version, *std::move(request));
}

Answer RestCaller::answer_to(const Ask& ask, ApiVersion version, net::Request request) {
  const AskKind kind = kind_of(ask);
  const std::string user = user_of(ask);
  const auto start = std::chrono::steady_clock::now();
  Sent sent = exchange(std::move(request), user, timeout_of(kind, shared_.options.timeouts));
  Answer answer;
  Exchange exchanged;
  exchanged.may_have_left = sent.may_have_left;
  exchanged.trouble = std::move(sent.trouble);
  if (sent.response) {
    exchanged.status = sent.response->status;
    auto reply = read_for(ask, sent.response->body, shared_.options.cluster_name);
    if (reply) {
      exchanged.reply = *std::move(reply);
    } else {
      exchanged.trouble =
          fmt::format("slurmrestd answers {}, and its answer cannot be read.", exchanged.status);
    }
    const auto date = sent.response->headers.find("Date");
    if (date) answer.cluster_time = parse_http_date(*date).value_or(Time{});
  }
  Judgement judgement = judge(kind, exchanged);
  if (exchanged.status == 404 && judgement.came == Came::unsent) shared_.lost_version();
  if (judgement.token_suspect) look_into_token(user, version, since(start), judgement);
  answer.came = judgement.came;
  answer.text = std::move(judgement.text);
  answer.of_account = judgement.of_account;
  if (answer.came != Came::done || !exchanged.reply) return answer;
  answer.id = kind == AskKind::submit ? exchanged.reply->job_id.value_or(0) : 0;
  if (exchanged.reply->jobs) answer.jobs = *std::move(exchanged.reply->jobs);
  if (const auto* look = std::get_if<ask::Look>(&ask)) {
    auto seen = read_associations(sent.response->body);
    if (seen) answer.accounts = accounts_of(*seen, shared_.options.cluster_name, look->user);
  }
  if (answer.cluster_time == Time{}) answer.cluster_time = exchanged.reply->last_update;
  return answer;
}

const std::string& RestCaller::token_user_for(const std::string& user) const {
  return shared_.options.own_tokens && !user.empty() ? user : shared_.options.token_user;
}

RestCaller::Sent RestCaller::exchange(net::Request request, const std::string& user,
                                      Duration timeout) {
  const std::string& token_user = token_user_for(user);
  auto token = shared_.mint.token(token_user, clock_now());
  Sent sent;
  if (!token) {
    sent.trouble = token.error().text;
    return sent;
  }
  return exchange_with(*std::move(token), std::move(request), user.empty() ? token_user : user,
                       timeout);
}

RestCaller::Sent RestCaller::exchange_with(std::string token, net::Request request,
                                           const std::string& name, Duration timeout) {
  Sent sent;
  request.headers.add("X-SLURM-USER-NAME", name);
  request.headers.add("X-SLURM-USER-TOKEN", token);
  tokens_.push_back(std::move(token));
  auto response = client_.send(std::move(request), timeout);
  sent.may_have_left = client_.may_have_left();
  if (response) {
    sent.response = *std::move(response);
  } else {
    sent.trouble = response.error().text;
  }
  return sent;
}

// An answer says the same of a token that is not taken and of a slurmctld that is gone, but the
// latter takes slurmrestd its timeout to find out.
void RestCaller::look_into_token(const std::string& user, ApiVersion version, Duration took,
                                 Judgement& judgement) {
  const std::string& token_user = token_user_for(user);
  shared_.mint.forget(token_user);
  if (took > quick) return;
  auto lasting = shared_.mint.lasting_token(token_user, clock_now());
  if (lasting && takes(*std::move(lasting), token_user, version)) {
    judgement.text += fmt::format(
        ". It takes a token of ours that is good for days, so by its clock those of {} min have "
        "expired: set both clocks by one source.",
        shared_.options.token_life.ms / minutes(1).ms);
  } else {
    judgement.text +=
        ". That came at once, so it may be our token that is not taken: compare the keys and the "
        "clocks, and look into slurmctld's log.";
  }
}

bool RestCaller::takes(std::string token, const std::string& token_user, ApiVersion version) {
  const Sent sent = exchange_with(std::move(token), diag_request(version), token_user,
                                  shared_.options.timeouts.ping);
  if (!sent.response || sent.response->status != 200) return false;
  const auto reply = read_reply(sent.response->body);
  return reply && reply->errors.empty();
}

}  // namespace fabrica::sites::slurm
