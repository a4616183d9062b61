#include "kernel/engine.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "kernel/archive.h"

namespace fabrica {

namespace {

constexpr int tries_max = 10;
constexpr std::size_t page_events = 4'096;

// The number minted by the first event that makes something, zero when none does.
std::uint64_t made_by(const std::vector<Event>& events) {
  std::uint64_t made = 0;
  const auto look = [&]<class E>(const E& event) {
    if constexpr (requires { event.id.value; }) {
      if (made == 0) made = event.id.value;
    }
  };
  for (const Event& event : events) {
    std::visit([&](const auto& area) { std::visit(look, area); }, event);
    if (made != 0) break;
  }
  return made;
}

}  // namespace

struct Engine::Group {
  Seq expected;
  std::vector<Recorded> records;
  std::vector<KeptReply> replies;
  std::vector<Document> documents;
  std::vector<Result<Reply>> results;
};

Engine::Engine(EventLog& log, Policies policies) : log_(log), policies_(std::move(policies)) {
  recover();
}

void Engine::recover() {
  state_ = State{};
  if (!log_.load_snapshot(state_)) state_ = State{};
  while (true) {
    const std::vector<Recorded> page = log_.read(state_.last, page_events);
    for (const Recorded& recorded : page) apply(state_, recorded);
    if (page.size() < page_events) return;
  }
}

std::optional<Result<Reply>> Engine::replied_before(const Envelope& envelope, const Group& group) {
  if (!envelope.id) return std::nullopt;
  std::optional<KeptReply> kept;
  const auto here = std::ranges::find(group.replies, envelope.id, &KeptReply::id);
  if (here != group.replies.end()) {
    kept = *here;
  } else {
    kept = log_.reply_to(envelope.id);
  }
  if (!kept) return std::nullopt;
  if (kept->fingerprint == envelope.fingerprint) return kept->reply;
  return refuse(refusal::command_id_reused, "Idempotency-Key",
                "This key was used before with another request; use a new key for a new request.");
}

Result<Reply> Engine::decide_one(const Envelope& envelope, Group& group) {
  if (auto before = replied_before(envelope, group)) return *std::move(before);
  TRY(std::vector<Event> events, decide(state_, policies_, envelope));
  const Time at = std::max(envelope.now, state_.now);
  const std::uint64_t made = made_by(events);
  for (Event& event : events) {
    group.records.push_back(
        Recorded{Seq{state_.last.value + 1}, at, envelope.id, envelope.actor, std::move(event)});
    apply(state_, group.records.back());
  }
  const Reply reply{state_.last, made};
  if (envelope.id) group.replies.push_back({envelope.id, envelope.fingerprint, reply});
  for (const Document& document : envelope.documents) group.documents.push_back(document);
  return reply;
}

void Engine::decide_group(std::span<const Envelope> envelopes, Group& group) {
  group = Group{};
  group.expected = state_.last;
  group.results.reserve(envelopes.size());
  for (const Envelope& envelope : envelopes) group.results.push_back(decide_one(envelope, group));
}

// After an unclear answer: the log holds the group exactly when it holds these very events.
bool Engine::was_written(const Group& group) {
  const std::vector<Recorded> found = log_.read(group.expected, group.records.size());
  return digest(std::span<const Recorded>(found)) ==
         digest(std::span<const Recorded>(group.records));
}

std::vector<Result<Reply>> Engine::keep(Group& group) {
  written_ = std::move(group.records);
  return std::move(group.results);
}

std::vector<Result<Reply>> Engine::execute(std::span<const Envelope> envelopes) {
  Group group;
  written_.clear();
  for (int tried = 0; tried < tries_max; ++tried) {
    decide_group(envelopes, group);
    if (group.records.empty() && group.replies.empty()) return std::move(group.results);
    const Appended appended =
        log_.append({group.expected, group.records, group.replies, group.documents, state_});
    if (appended == Appended::yes) return keep(group);
    recover();
    if (appended == Appended::unknown && !group.records.empty() && was_written(group)) {
      return keep(group);
    }
  }
  for (Result<Reply>& result : group.results) {
    if (result) {
      result = refuse(fabrica::refusal::unavailable, "",
                      "The log gave no clear answer; ask again under the same Idempotency-Key.");
    }
  }
  return std::move(group.results);
}

Result<Reply> Engine::execute(const Envelope& envelope) {
  return std::move(execute(std::span(&envelope, 1)).front());
}

}  // namespace fabrica
