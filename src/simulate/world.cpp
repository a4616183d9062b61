#include "simulate/world.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "kernel/archive.h"
#include "policies/registry.h"
#include "simulate/population.h"

namespace fabrica::simulate {

namespace {

constexpr Time first_morning{1'798'790'400'000};  // 2027-01-01T08:00:00Z
constexpr std::uint64_t snapshot_interval = 200;
constexpr std::uint64_t log_faults_often = 16;
constexpr std::uint64_t dear_checks_every = 32;
constexpr std::size_t what_is_left_bytes = 1'000;
constexpr std::uint64_t healing_steps_max = 100'000;

}  // namespace

// Where jobs wait with us fewer of them wait at sites.
Policies World::policies_of(std::uint64_t seed) {
  const auto policies =
      policies::choose({.placement = seed % 2 == 0 ? "least_work" : "late_binding"});
  CHECK(policies.has_value(), "these rules exist");
  return *policies;
}

World::World(const Options& options)
    : options_(options),
      policies_(options.policies ? *options.policies : policies_of(options.seed)),
      random_(options.seed),
      wrapped_(options.wrap_log ? options.wrap_log(memory_) : nullptr),
      snapshots_(wrapped_ ? *wrapped_ : static_cast<EventLog&>(memory_), snapshot_interval),
      log_(snapshots_, [this] { rival_writes(); }),
      engine_(std::make_unique<Engine>(log_, policies_)),
      users_(random_.split()),
      began_(first_morning),
      now_(first_morning),
      counts_(all_at_zero()) {}

RunReport World::run() {
  if (populate()) {
    rival_ = std::make_unique<Engine>(snapshots_, policies_);
    if (options_.faults) log_.use(FaultyLog::Faults(random_.split(), log_faults_often));
    agenda_.add(now_, PeopleAsk{});
    while (failure_.empty() && steps_ < options_.steps) step();
    heal();
    const Time latest = bound();
    const std::uint64_t steps_latest = steps_ + healing_steps_max;
    while (failure_.empty() && !is_quiet()) {
      if (agenda_.empty())
        fail("nothing more is to happen, and not all is done");
      else if (now_ > latest || steps_ > steps_latest)
        fail("the faults are long over, and not all is done" + what_is_left());
      else
        step();
    }
    finish();
  }
  return report();
}

// Fills the log before any fault; every command must be accepted.
bool World::populate() {
  Random random = random_.split();
  for (Wish& wish : population(random)) {
    const Envelope envelope = envelope_for(std::move(wish));
    const Result<Reply> result = engine_->execute(envelope);
    if (!result)
      fail(fmt::format("{} was refused at the beginning: {}", name_of_command(envelope.command),
                       result.error().text));
    if (!failure_.empty()) return false;
    take_result(envelope, result);
  }
  check_all();
  return failure_.empty();
}

void World::step() {
  steps_ += 1;
  auto [at, errand_now] = agenda_.take();
  now_ = std::max(now_, at);
  std::visit([&](const auto& one) { errand(one); }, errand_now);
  place_jobs();
  if (!failure_.empty()) return;
  if (steps_ % dear_checks_every == 0)
    check_all();
  else
    check_step();
  plan_rounds();
  plan_deadline();
}

bool World::is_quiet() const {
  const jobs::State& jobs = engine_->state().jobs;
  const bool wanted = std::ranges::any_of(
      jobs.sites, [](const auto& site) { return site.second.wants_anything(); });
  return !wanted && jobs.live == 0 && engine_->state().ledger.holds.empty() && pending_again_ == 0;
}

// Everybody runs one after the other and as long as allowed, and what is held back comes first.
Time World::bound() const {
  Duration longest = days(3);
  engine_->state().jobs.jobs.for_each([&](jobs::JobId, const jobs::Job& job) {
    longest = longest + (job.request->time_limit + minutes(10)) * std::int64_t{job.tasks_left};
  });
  return now_ + longest;
}

// Some of what is not done, for who looks into it.
std::string World::what_is_left() const {
  const State& state = engine_->state();
  std::string text;
  state.jobs.jobs.for_each([&](jobs::JobId id, const jobs::Job& job) {
    if (job.phase == jobs::JobPhase::ended || text.size() > what_is_left_bytes) return;
    text += fmt::format("; {} is {} at {}, attempt {}, {}{}{}", id, name_of(job.phase), job.site,
                        job.attempt, name_of(job.submission), job.recalled ? ", recalled" : "",
                        job.cancel_requested ? ", cancelled" : "");
  });
  for (const auto& [site, queue] : state.jobs.sites) {
    text += fmt::format("; {} is told of {} accounts, {} stops, {} releases, {} starts; {} wait",
                        site, queue.to_keep.size(), queue.to_cancel.size(), queue.to_release.size(),
                        queue.to_start.size(), queue.without_account.size());
  }
  return text;
}

void World::heal() {
  healed_ = true;
  log_.heal();
  for (auto& [id, site] : sites_) {
    site.port->heal();
    if (site.slurm) site.slurm->heal();
  }
  const std::vector<federation::SiteId> drained = engine_->state().federation.drained;
  for (const federation::SiteId id : drained) resume(id);
}

void World::finish() {
  if (!failure_.empty()) return;
  check_all();
  check_replay();
  const std::string lost = acknowledged_.what_is_lost(log_, engine_->state().last);
  if (!lost.empty()) fail(lost);
  auditor_.check_runs(runs_);
  for (const auto& [id, site] : sites_) {
    // Where tasks speak, their own words count too, which a cluster may have forgotten.
    if (site.slurm && !site.slurm->controller().tasks_speak())
      auditor_.check_charges(id, site.slurm->controller().ran_for());
  }
  if (!auditor_.broken().empty()) fail(auditor_.broken());
}

void World::fail(std::string text) {
  if (failure_.empty()) failure_ = std::move(text);
}

void World::count_slurm(const sites::simulated::SimulatedSlurm& site) {
  for (const auto& [fault, times] : site.controller().faults().fired())
    count(fmt::format("slurm/{}", name_of(fault)), times);
  const sites::slurm::SlurmSite::Counts counts = site.counts();
  count(path::slurm_unknown, counts.unknown);
  count(path::slurm_adopted, counts.adopted);
  count(path::slurm_absent, counts.absent);
  count(path::slurm_swept, counts.swept);
  count(path::slurm_stranger, counts.strangers);
}

RunReport World::report() {
  count_events();
  for (const auto& [fault, times] : log_.fired())
    count(fmt::format("log/{}", name_of(fault)), times);
  for (const auto& [id, site] : sites_) {
    for (const auto& [fault, times] : site.port->fired())
      count(fmt::format("site/{}", name_of(fault)), times);
    if (site.simulated) {
      count(path::start_after_stop, site.simulated->starts_after_stop());
      count(path::held_back, site.simulated->held_back_by_array());
    }
    if (site.slurm) count_slurm(*site.slurm);
  }
  count(path::expired_with_holds, auditor_.expired_with_holds());
  count(path::passed_on, auditor_.passed_on_to_pool());
  count(path::dependency_met, auditor_.dependencies_met());
  count(path::from_snapshot, snapshots_.loaded());
  RunReport report;
  report.seed = options_.seed;
  report.steps = steps_;
  report.events = memory_.records().size();
  report.jobs = engine_->state().jobs.last_job;
  report.began = began_;
  report.ended = now_;
  report.log_digest = digest(std::span<const Recorded>(memory_.records()));
  report.state_digest = digest(engine_->state());
  report.counts = std::move(counts_);
  report.failure = std::move(failure_);
  return report;
}

}  // namespace fabrica::simulate
