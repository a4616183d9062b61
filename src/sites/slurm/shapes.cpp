#include "sites/slurm/shapes.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/limits.h"
#include "json/document.h"
#include "sites/slurm/job_states.h"
#include "sites/slurm/reply_pieces.h"
#include "sites/slurm/shape_values.h"

namespace fabrica::sites::slurm {

using json::Document;
using json::Element;
using shape::member;

namespace {

constexpr std::size_t errors_max = 16;
constexpr std::size_t error_bytes_max = 300;
constexpr std::size_t states_max = 16;

std::string short_text(std::optional<Element> value) {
  return shape::text(value, limits::text_bytes_max);
}

std::unexpected<Refusal> unreadable(std::string_view why) {
  return refuse(refusal::malformed, "", fmt::format("The reply {}.", why));
}

StateSeen read_state(std::optional<Element> value) {
  std::array<std::string_view, states_max> words;
  std::size_t count = 0;
  if (value && value->is_string()) words[count++] = value->string();
  if (value && value->is_array()) {
    for (Element::Cursor at = value->items(); !at.done() && count < words.size(); at.next()) {
      if (at.value().is_string()) words[count++] = at.value().string();
    }
  }
  return state_of(std::span(words).first(count));
}

void read_wait_status(std::int64_t status, ClusterJob& job) {
  if (status < 0) return;
  job.exit_code = static_cast<std::int32_t>(status >> 8 & 0xFF);
  job.signal = static_cast<std::int32_t>(status & 0x7F);
}

std::int32_t read_signal(std::optional<Element> exit) {
  const auto signal = member(exit, "signal");
  auto id = shape::number32(member(signal, "id"));
  if (!id) id = shape::number32(member(signal, "signal_id"));
  return id && *id < 128 ? static_cast<std::int32_t>(*id) : 0;
}

void read_exit(std::optional<Element> exit, ClusterJob& job) {
  if (const auto status = shape::number(exit)) {
    read_wait_status(*status, job);
    return;
  }
  const auto code = shape::number32(member(exit, "return_code"));
  job.exit_code = code && *code < 256 ? static_cast<std::int32_t>(*code) : 0;
  job.signal = read_signal(exit);
}

bool says_held(std::string_view reason) {
  return reason == "JobHeldUser" || reason == "JobHeldAdmin";
}

void read_array(std::optional<Element> id, std::optional<Element> task, ClusterJob& job) {
  job.array_id = shape::number32(id).value_or(0);
  if (job.array_id != 0) job.array_task = shape::number32(task);
}

void read_nodes(std::optional<Element> nodes, ClusterJob& job) {
  job.nodes = short_text(nodes);
  if (job.nodes == "None assigned") job.nodes.clear();
}

// For a pending job "start" is the plan, for a running one "end" is the limit. One that ended
// without nodes never started: its start is the moment of its end.
void read_run(Time start, Time end, ClusterJob& job) {
  if (job.state == ClusterState::pending) {
    job.estimated_start = start;
  } else if (!has_ended(job.state)) {
    job.started = start;
  } else {
    job.started = job.nodes.empty() ? Time{} : start;
    job.ended = end;
  }
}

// What it has and how long it may have it.
void read_claim(Element element, ClusterJob& job) {
  job.tres = short_text(member(element, "tres_alloc_str"));
  if (job.tres.empty()) job.tres = short_text(member(element, "tres_req_str"));
  const std::int64_t limit = shape::number32(member(element, "time_limit")).value_or(0);
  job.time_limit = minutes(limit);
  if (job.state == ClusterState::running) job.limit_at = shape::time(member(element, "end_time"));
}

bool read_controller_job(Element element, ClusterJob& job) {
  job.id = shape::number32(member(element, "job_id")).value_or(0);
  if (job.id == 0) return false;
  read_array(member(element, "array_job_id"), member(element, "array_task_id"), job);
  job.cluster = short_text(member(element, "cluster"));
  job.name = short_text(member(element, "name"));
  job.comment = short_text(member(element, "comment"));
  job.user = short_text(member(element, "user_name"));
  job.account = short_text(member(element, "account"));
  job.partition = short_text(member(element, "partition"));
  const StateSeen seen = read_state(member(element, "job_state"));
  job.state = seen.state;
  job.reason = short_text(member(element, "state_reason"));
  const bool no_priority = shape::number(member(element, "priority")) == 0;
  job.held =
      job.state == ClusterState::pending && (seen.held || no_priority || says_held(job.reason));
  job.submitted = shape::time(member(element, "submit_time"));
  read_nodes(member(element, "nodes"), job);
  read_run(shape::time(member(element, "start_time")), shape::time(member(element, "end_time")),
           job);
  job.restarts = shape::number32(member(element, "restart_cnt")).value_or(0);
  read_exit(member(element, "exit_code"), job);
  if (!has_ended(job.state)) read_claim(element, job);
  return true;
}

bool read_past_job(Element element, ClusterJob& job) {
  job.id = shape::number32(member(element, "job_id")).value_or(0);
  if (job.id == 0) return false;
  const auto array = member(element, "array");
  read_array(member(array, "job_id"), member(array, "task_id"), job);
  job.cluster = short_text(member(element, "cluster"));
  job.name = short_text(member(element, "name"));
  job.comment = short_text(member(member(element, "comment"), "job"));
  job.user = short_text(member(element, "user"));
  job.account = short_text(member(element, "account"));
  job.partition = short_text(member(element, "partition"));
  const auto state = member(element, "state");
  const StateSeen seen = read_state(member(state, "current"));
  job.state = seen.state;
  job.reason = short_text(member(state, "reason"));
  job.held = job.state == ClusterState::pending && (seen.held || says_held(job.reason));
  const auto time = member(element, "time");
  job.submitted = shape::time(member(time, "submission"));
  read_nodes(member(element, "nodes"), job);
  const Time end = shape::time(member(time, "end"));
  // Pending, with an end: this run was over when its job was put back into the queue.
  if (job.state == ClusterState::pending && end != Time{}) job.state = ClusterState::requeued;
  read_run(shape::time(member(time, "start")), end, job);
  job.restarts = shape::number32(member(element, "restart_cnt")).value_or(0);
  job.signal = read_signal(member(element, "exit_code"));
  return true;
}

bool is_wanted(const ClusterJob& job, const PastJobs& wanted) {
  if (job.submitted < wanted.from || !job.name.ends_with(wanted.name_end)) return false;
  return wanted.cluster.empty() || job.cluster == wanted.cluster;
}

void add_error(Element entry, std::vector<ReplyError>& errors) {
  ReplyError error;
  for (const std::string_view name : {"error_number", "error_code", "errno"}) {
    if (!error.code) error.code = shape::number(member(entry, name));
  }
  if (error.code == 0) return;
  error.text = shape::text(member(entry, "error"), error_bytes_max);
  const std::string more = shape::text(member(entry, "description"), error_bytes_max);
  if (!more.empty() && more != error.text) {
    error.text += error.text.empty() ? more : ": " + more;
  }
  errors.push_back(std::move(error));
}

void read_errors(std::optional<Element> list, std::vector<ReplyError>& errors) {
  if (!list || !list->is_array()) return;
  for (Element::Cursor at = list->items(); !at.done() && errors.size() < errors_max; at.next()) {
    if (at.value().is_object()) add_error(at.value(), errors);
  }
}

// Updates of an array say a result for each task; those that went well have a code of 0 or none.
void read_results(std::optional<Element> list, std::vector<ReplyError>& errors) {
  if (!list || !list->is_array()) return;
  for (Element::Cursor at = list->items(); !at.done() && errors.size() < errors_max; at.next()) {
    if (shape::number(member(at.value(), "error_code")).value_or(0) != 0) {
      add_error(at.value(), errors);
    }
  }
}

std::optional<bool> read_pings(std::optional<Element> list) {
  if (!list || !list->is_array()) return std::nullopt;
  bool up = false;
  for (Element::Cursor at = list->items(); !at.done(); at.next()) {
    const Element ping = at.value();
    const std::string old_word = shape::text(member(ping, "ping"), 16);
    const std::string new_word = shape::text(member(ping, "pinged"), 16);
    up = up || old_word == "UP" || new_word == "UP" || shape::flag(member(ping, "responding"));
  }
  return up;
}

Result<Reply> read_envelope(const std::string& envelope) {
  TRY(const Document document, Document::parse(envelope));
  const Element root = document.root();
  Reply reply;
  read_errors(member(root, "errors"), reply.errors);
  read_results(member(root, "results"), reply.errors);
  const auto result = member(root, "result");
  reply.job_id = shape::number32(member(root, "job_id"));
  if (!reply.job_id || *reply.job_id == 0) reply.job_id = shape::number32(member(result, "job_id"));
  if (reply.job_id == 0U) reply.job_id.reset();
  if (shape::number(member(result, "error_code")).value_or(0) != 0) {
    add_error(*result, reply.errors);
  }
  reply.controller_up = read_pings(member(root, "pings"));
  reply.last_update = shape::time(member(root, "last_update"));
  return reply;
}

template <class ReadJob>
Result<Reply> read_whole(std::string_view body, ReadJob&& read_job) {
  if (body.size() > reply_bytes_max) return unreadable("is too long");
  const auto pieces = take_apart(body, reply_jobs_max);
  if (!pieces) return unreadable("is no JSON object, or has too many jobs");
  TRY(Reply reply, read_envelope(pieces->envelope));
  if (!pieces->has_jobs) return reply;
  reply.jobs.emplace();
  for (const std::string_view piece : pieces->jobs) {
    TRY(const Document document, Document::parse(piece));
    if (!read_job(document.root(), *reply.jobs)) return unreadable("has a job without a number");
  }
  return reply;
}

}  // namespace

Result<Reply> read_reply(std::string_view body) {
  return read_whole(body, [](Element element, std::vector<ClusterJob>& jobs) {
    return read_controller_job(element, jobs.emplace_back());
  });
}

Result<Reply> read_past_reply(std::string_view body, const PastJobs& wanted) {
  return read_whole(body, [&](Element element, std::vector<ClusterJob>& jobs) {
    ClusterJob job;
    if (!read_past_job(element, job)) return false;
    if (is_wanted(job, wanted)) jobs.push_back(std::move(job));
    return true;
  });
}

}  // namespace fabrica::sites::slurm
