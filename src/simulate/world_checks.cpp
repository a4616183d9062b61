#include <fmt/core.h>

#include "base/archive.h"
#include "kernel/archive.h"
#include "simulate/world.h"

namespace fabrica::simulate {

namespace {

// What a decision comes to, refusals too.
Digest digest_of_decision(const Result<std::vector<Event>>& decided) {
  return decided ? digest(std::span<const Event>(*decided)) : digest_of(decided.error().text);
}

}  // namespace

void World::count(std::string_view name, std::uint64_t times) {
  const auto known = counts_.find(std::string(name));
  CHECK(known != counts_.end(), "a run counts only what it has named");
  known->second += times;
}

void World::count_events() {
  const std::vector<Recorded>& log = memory_.records();
  for (; counted_events_ < log.size(); ++counted_events_) {
    const Event& event = log[counted_events_].event;
    count(fmt::format("event/{}", name_of_event(event)));
    const auto* of_jobs = std::get_if<jobs::Event>(&event);
    const auto* ended = of_jobs == nullptr ? nullptr : std::get_if<jobs::TaskEnded>(of_jobs);
    if (ended != nullptr) {
      count(fmt::format("outcome/{}", name_of(ended->outcome)));
      // A site says no text of what completed.
      if (ended->outcome == jobs::Outcome::completed && !ended->text.empty())
        count(path::task_own_word);
    }
    const auto* job = of_jobs == nullptr ? nullptr : std::get_if<jobs::JobEnded>(of_jobs);
    if (job != nullptr && job->outcome == jobs::Outcome::dependency_failed)
      count("outcome/dependency_failed");
  }
}

// Cheap enough for every step.
void World::check_step() {
  auditor_.read(memory_.records());
  if (!auditor_.broken().empty()) fail(auditor_.broken());
  if (std::string broken = broken_invariant(engine_->state()); !broken.empty())
    fail(std::move(broken));
  const std::uint64_t last = engine_->state().last.value;
  if (last > memory_.records().size()) fail("the engine knows events that are not in the log");
  if (last < memory_.records().size()) fail("the log has events that the engine does not know");
}

void World::check_all() {
  check_step();
  auditor_.check_books();
  if (!auditor_.broken().empty()) fail(auditor_.broken());
  if (auditor_.jobs_without_cause() > submitted_without_id_)
    fail("a command without an id was done twice");
  if (!failure_.empty()) return;
  if (digest(engine_->state()) != digest(auditor_.state())) {
    fail("replay of the log gives another state than the engine has");
  }
}

void World::check_decide_is_pure(const Envelope& envelope) {
  const State& state = engine_->state();
  const Digest before = digest(state);
  const Digest first = digest_of_decision(decide(state, engine_->policies(), envelope));
  const Digest second = digest_of_decision(decide(state, engine_->policies(), envelope));
  if (first != second)
    fail(fmt::format("deciding {} twice gives two answers", name_of_command(envelope.command)));
  if (digest(state) != before)
    fail(fmt::format("deciding {} changed the state", name_of_command(envelope.command)));
}

// From the first event, without a snapshot, as the log hands it out; and a snapshot of the end read
// back.
void World::check_replay() {
  State state;
  EventLog& log = wrapped_ ? *wrapped_ : static_cast<EventLog&>(memory_);
  for (const Recorded& recorded : log.read(Seq{}, memory_.records().size())) apply(state, recorded);
  if (digest(state) != digest(engine_->state()))
    fail("replay from the first event gives another state");
  engine_->recover();
  if (digest(state) != digest(engine_->state()))
    fail("recovery from a snapshot gives another state");
  std::string bytes;
  append_bytes(bytes, state);
  State kept;
  if (!read_bytes(bytes, kept) || digest(kept) != digest(state))
    fail("a snapshot of the state reads back as another");
}

}  // namespace fabrica::simulate
