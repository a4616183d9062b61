#include <fmt/core.h>

#include <algorithm>

#include "kernel/archive.h"
#include "simulate/world.h"

namespace fabrica::simulate {

namespace {

// Busy hours and quiet days: months must pass in a run, and jobs must queue in it.
Duration until_next_asking(Random& random) {
  if (random.chance(1, 12)) return Duration{random.between(hours(12).ms, days(5).ms)};
  if (random.chance(1, 3)) return Duration{random.between(1, hours(4).ms)};
  return Duration{random.between(0, minutes(15).ms)};
}

std::uint64_t group_size(Random& random) { return 1 + random.below(random.chance(1, 6) ? 12 : 4); }

}  // namespace

Envelope World::envelope_for(Wish wish) {
  Envelope envelope;
  last_command_ += 1;
  // Some send no id and can never ask for the reply again.
  if (!random_.chance(1, 12)) envelope.id = {random_.next(), last_command_};
  envelope.fingerprint = digest(wish.command);
  envelope.actor = wish.actor;
  envelope.now = now_;
  envelope.command = std::move(wish.command);
  envelope.documents = std::move(wish.documents);
  return envelope;
}

// An accepted command once more under its id, now and then with another body.
Envelope World::repeated() {
  Envelope envelope = acknowledged_.any(random_);
  envelope.now = now_;
  if (random_.chance(1, 4)) envelope.fingerprint.low += 1;
  return envelope;
}

void World::errand(const PeopleAsk&) {
  if (healed_) return;
  std::vector<Envelope> group;
  for (std::uint64_t i = group_size(random_); i > 0; --i) {
    const bool again = !acknowledged_.empty() && random_.chance(1, 10);
    group.push_back(again ? repeated() : envelope_for(users_.next(engine_->state(), now_)));
    if (random_.chance(1, 16)) check_decide_is_pure(group.back());
  }
  ask(std::move(group));
  agenda_.add(now_ + until_next_asking(random_), PeopleAsk{});
}

void World::errand(const AskAgain& again) {
  pending_again_ -= 1;
  count(path::asked_again);
  Envelope envelope = again.envelope;
  envelope.now = now_;
  ask({std::move(envelope)});
}

// A command without an id is sent once, so it makes at most one job.
void World::note_asked(const Envelope& envelope) {
  const auto* of_jobs = std::get_if<jobs::Command>(&envelope.command);
  const bool submits = of_jobs != nullptr && std::holds_alternative<jobs::SubmitJob>(*of_jobs);
  if (submits && !envelope.id) submitted_without_id_ += 1;
}

// Sends the group; who got no answer asks again later, if the command has an id.
void World::ask(std::vector<Envelope> group) {
  for (const Envelope& envelope : group) note_asked(envelope);
  const auto results = execute(group);
  for (std::size_t i = 0; i < group.size(); ++i) {
    const bool gave_up =
        results && !(*results)[i] && (*results)[i].error().code == refusal::unavailable;
    if (gave_up) count(path::gave_up);
    if (results && !gave_up) {
      take_result(group[i], (*results)[i]);
    } else if (group[i].id) {
      pending_again_ += 1;
      agenda_.add(now_ + Duration{random_.between(1, minutes(30).ms)},
                  AskAgain{std::move(group[i])});
    }
  }
}

void World::take_result(const Envelope& envelope, const Result<Reply>& result) {
  const std::string kind(name_of_command(envelope.command));
  if (!result) {
    if (result.error().code == refusal::command_id_reused)
      count(path::key_reused);
    else
      count("refused/" + kind);
    counts_[fmt::format("why/{}", result.error().code.name)] += 1;
    return;
  }
  if (result->seq.value > memory_.records().size())
    fail("a command was accepted and its events are not in the log");
  bool is_new = true;
  if (envelope.id) {
    const std::string wrong = acknowledged_.note(envelope, *result, is_new);
    if (!wrong.empty()) fail(wrong);
  }
  for (const Document& document : envelope.documents) {
    if (!memory_.documents().contains(document.hash))
      fail("a command was accepted and its document is not kept");
  }
  if (is_new) count("accepted/" + kind);
}

// Nothing when the engine died over it: then nobody got an answer.
std::optional<std::vector<Result<Reply>>> World::execute(std::span<const Envelope> group) {
  try {
    auto results = engine_->execute(group);
    dispatcher_.heard(engine_->state(), engine_->written());
    return results;
  } catch (const EngineCrashed&) {
    restart();
    return std::nullopt;
  }
}

std::optional<Result<Reply>> World::execute_now(Command command) {
  Envelope envelope;
  envelope.now = now_;
  envelope.command = std::move(command);
  const auto results = execute({&envelope, 1});
  if (!results) return std::nullopt;
  take_result(envelope, results->front());
  return results->front();
}

// As the live writer does it between two groups.
void World::place_jobs() {
  for (jobs::PlaceJob& chosen : dispatcher_.place(engine_->state(), now_)) {
    const jobs::JobId id = chosen.job;
    const auto result = execute_now(jobs::Command{std::move(chosen)});
    if (!result) break;
    if (!*result) dispatcher_.refused(id);
  }
  const std::optional<Time> look = dispatcher_.next_look();
  if (!look || look_at_) return;
  look_at_ = std::max(*look, now_);
  agenda_.add(*look_at_, LookForRoom{});
}

void World::errand(const LookForRoom&) { look_at_.reset(); }

void World::restart() {
  engine_ = std::make_unique<Engine>(log_, policies_);
  dispatcher_ = {};
  const std::string lost = acknowledged_.what_is_lost(log_, engine_->state().last);
  if (!lost.empty()) fail("after a crash " + lost);
  // The connectors of Slurm sites die with the server and know only what the log knows.
  for (auto& [id, site] : sites_) {
    if (!site.slurm) continue;
    site.slurm->restart(engine_->state().jobs, id);
    site.told.clear();
  }
}

// Another engine on the same log does something first: what somebody asks for, and if that comes to
// nothing it registers an organisation.
void World::rival_writes() {
  const std::size_t before = memory_.records().size();
  const auto have_done = [&](Wish wish) {
    const Envelope envelope = envelope_for(std::move(wish));
    note_asked(envelope);
    take_result(envelope, rival_->execute(envelope));
  };
  have_done(users_.next(rival_->state(), now_));
  if (memory_.records().size() > before) return;
  const federation::Organisation organisation{"Rival", "LU",
                                              federation::OrganisationKind::research};
  have_done({PersonId{1},
             Command{federation::Command{federation::RegisterOrganisation{organisation}}},
             {}});
}

// Deadlines are data; the driver sends PassTime when one has come, or somewhat later.
void World::plan_deadline() {
  const std::optional<Time> next = next_deadline(engine_->state());
  if (!next || deadline_at_) return;
  const Time at = std::max(now_, *next) + Duration{random_.between(0, 60'000)};
  // Looks again in between, as an earlier deadline may come up.
  deadline_at_ = std::min(at, now_ + days(1));
  agenda_.add(*deadline_at_, DeadlineComes{});
}

void World::errand(const DeadlineComes&) {
  deadline_at_.reset();
  const std::optional<Time> next = next_deadline(engine_->state());
  if (!next || *next > now_) return;
  Envelope envelope;
  envelope.now = now_;
  envelope.command = PassTime{};
  const Seq before = engine_->state().last;
  const auto results = execute(std::span(&envelope, 1));
  if (!results || !results->front()) return;
  take_result(envelope, results->front());
  if (engine_->state().last == before)
    fail("a deadline is due, and passing time does nothing about it");
}

}  // namespace fabrica::simulate
