#include "sites/slurm/errors.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace fabrica::sites::slurm {

namespace {

// Slurm's error numbers (slurm_errno.h).
constexpr std::int64_t invalid_partition = 2000;
constexpr std::int64_t invalid_account = 2045;
constexpr std::int64_t protocol_authentication = 1007;
constexpr std::int64_t no_change = 1900;
constexpr std::int64_t invalid_job_id = 2017;
constexpr std::int64_t writing_to_file = 2019;
constexpr std::int64_t in_transition = 2020;
constexpr std::int64_t already_done = 2021;
constexpr std::int64_t standby_controller = 2027;
constexpr std::int64_t job_held = 2042;
constexpr std::int64_t job_finished = 2084;
constexpr std::int64_t unspecified = -1;
constexpr std::int64_t zero_bytes = 5005;
constexpr std::int64_t without_database = 7000;
constexpr std::int64_t rest_parse_failed = 9001;
constexpr std::int64_t nothing_found = 9003;

bool has(std::span<const ReplyError> errors, std::int64_t code) {
  return std::ranges::any_of(errors, [&](const ReplyError& error) { return error.code == code; });
}

bool all_of_codes(std::span<const ReplyError> errors, auto&& is) {
  return !errors.empty() && std::ranges::all_of(errors, [&](const ReplyError& error) {
    return error.code && is(*error.code);
  });
}

// slurmctld looked at the ask and said no. Its other numbers are from the way there, or may be
// different a moment later.
bool says_no(std::int64_t code) {
  constexpr std::array passing{writing_to_file, in_transition, standby_controller, job_held};
  return code >= 2000 && code < 3000 && std::ranges::find(passing, code) == passing.end();
}

std::string text_of(const Exchange& exchange) {
  if (!exchange.trouble.empty()) return exchange.trouble;
  std::string text;
  if (exchange.reply) {
    for (const ReplyError& error : exchange.reply->errors) {
      if (text.size() > 500) break;
      if (!text.empty()) text += "; ";
      text += error.text.empty() ? "no words" : error.text;
      if (error.code) text += fmt::format(" ({})", *error.code);
    }
  }
  if (text.empty()) text = "an answer that says nothing of the matter";
  return fmt::format("slurmrestd answers {}: {}", exchange.status, text);
}

// What a site's operator is to look at, where the words refused are those of the settings.
std::string_view hint_for(std::span<const ReplyError> errors) {
  if (has(errors, invalid_partition))
    return ". The site has no partition of the name that its settings give it.";
  if (has(errors, invalid_account))
    return ". The site does not let the user of its settings use their account.";
  return {};
}

Judgement judged(Came came, const Exchange& exchange) {
  Judgement judgement{.came = came, .text = text_of(exchange)};
  if (came == Came::done || came == Came::unchanged || came == Came::unknown) {
    judgement.text.clear();
  } else if (came == Came::refused && exchange.reply) {
    judgement.text += hint_for(exchange.reply->errors);
    judgement.of_account = has(exchange.reply->errors, invalid_account);
  } else if (came == Came::unclear && exchange.reply) {
    const auto& errors = exchange.reply->errors;
    judgement.token_suspect =
        has(errors, unspecified) || has(errors, zero_bytes) || has(errors, protocol_authentication);
  }
  return judgement;
}

// These are given before slurmctld is asked anything. Not a no to the job: who we are, or where,
// is what is wrong, and may be put right.
bool is_turned_away(const Exchange& exchange) {
  const bool says_something = exchange.reply && !exchange.reply->errors.empty();
  switch (exchange.status) {
    case 401:
    case 403:
    case 405:
    case 429:
      return true;
    case 404:
      return !says_something;
    default:
      return false;
  }
}

/// What the errors say where the answer itself is missing.
Came came_of_errors(AskKind kind, const Exchange& exchange) {
  if (!exchange.reply) {
    // "Unable to parse query.", as plain text: slurmrestd did not understand our request.
    return exchange.status == 400 ? Came::refused : Came::unclear;
  }
  const auto& errors = exchange.reply->errors;
  const bool of_one_job = kind == AskKind::show || kind == AskKind::release ||
                          kind == AskKind::cancel || kind == AskKind::hold;
  if (of_one_job && has(errors, invalid_job_id)) return Came::unknown;
  // slurmrestd did not get through the body, so slurmctld has not seen it. The errors beside it
  // are of the same reading.
  if (has(errors, rest_parse_failed)) return Came::refused;
  if (all_of_codes(errors, [](std::int64_t code) { return code == standby_controller; })) {
    return Came::unsent;
  }
  if (all_of_codes(errors, says_no)) return Came::refused;
  return Came::unclear;
}

Came judge_submit(const Exchange& exchange) {
  if (!exchange.reply || !exchange.reply->job_id) {
    return came_of_errors(AskKind::submit, exchange);
  }
  const auto& errors = exchange.reply->errors;
  const bool well =
      std::ranges::all_of(errors, [](const ReplyError& error) { return error.code == job_held; });
  return exchange.status == 200 && well ? Came::done : Came::unclear;
}

Came judge_change(AskKind kind, const Exchange& exchange) {
  const auto over = [](std::int64_t code) { return code == already_done || code == job_finished; };
  if (exchange.reply) {
    const auto& errors = exchange.reply->errors;
    if (exchange.status == 200 && errors.empty()) return Came::done;
    // What has ended is neither held nor to be cancelled any more.
    if (all_of_codes(errors, over)) return Came::done;
    // v0.0.38 answers the release of an array with an error without a number, and does it.
    const bool only_words = std::ranges::all_of(
        errors, [](const ReplyError& error) { return !error.code.has_value(); });
    if (kind == AskKind::release && exchange.status == 200 && only_words) return Came::done;
  }
  return came_of_errors(kind, exchange);
}

Came judge_read(AskKind kind, const Exchange& exchange) {
  if (!exchange.reply) return came_of_errors(kind, exchange);
  const Reply& reply = *exchange.reply;
  if (kind == AskKind::list && has(reply.errors, no_change)) return Came::unchanged;
  if (kind == AskKind::past &&
      all_of_codes(reply.errors, [](std::int64_t code) { return code == nothing_found; })) {
    return Came::done;
  }
  if (exchange.status != 200 || !reply.errors.empty() || !reply.jobs) {
    return came_of_errors(kind, exchange);
  }
  // That one job is not known is always said, by its number.
  if (kind == AskKind::show && reply.jobs->empty()) return Came::unclear;
  return Came::done;
}

// What slurmdbd is told of accounts may be told again, so what is not done is told apart only for
// what is said of it: its refusals have any number, and none where it cannot be reached.
Came judge_accounts(const Exchange& exchange) {
  if (!exchange.reply) return came_of_errors(AskKind::keep, exchange);
  const auto& errors = exchange.reply->errors;
  if (exchange.status == 200 && errors.empty()) return Came::done;
  return errors.empty() || has(errors, without_database) ? Came::unclear : Came::refused;
}

Came judge_answer(AskKind kind, const Exchange& exchange) {
  switch (kind) {
    case AskKind::submit:
      return judge_submit(exchange);
    case AskKind::release:
    case AskKind::cancel:
    case AskKind::hold:
      return judge_change(kind, exchange);
    case AskKind::list:
    case AskKind::show:
    case AskKind::past:
      return judge_read(kind, exchange);
    case AskKind::ping:
      return exchange.reply && exchange.reply->controller_up == true ? Came::done : Came::unclear;
    case AskKind::look:
      if (exchange.reply && all_of_codes(exchange.reply->errors,
                                         [](std::int64_t code) { return code == nothing_found; })) {
        return Came::done;
      }
      return judge_accounts(exchange);
    case AskKind::keep:
      return judge_accounts(exchange);
  }
  return Came::unclear;
}

}  // namespace

AskKind kind_of(const Ask& ask) { return static_cast<AskKind>(ask.index()); }

Judgement judge(AskKind kind, const Exchange& exchange) {
  if (exchange.status == 0) {
    return judged(exchange.may_have_left ? Came::unclear : Came::unsent, exchange);
  }
  if (exchange.status == 304) {
    return judged(kind == AskKind::list ? Came::unchanged : Came::unclear, exchange);
  }
  if (is_turned_away(exchange)) return judged(Came::unsent, exchange);
  return judged(judge_answer(kind, exchange), exchange);
}

}  // namespace fabrica::sites::slurm
