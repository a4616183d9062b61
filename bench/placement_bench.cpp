#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "placement/outlook.h"
#include "policies/registry.h"
#include "simulate/whole_world.h"
#include "store/memory_log.h"

/// What a placement decision costs beside the kernel, on State as the server has it: seven sites of
/// 10,000 nodes, full, and more than 10,000 jobs waiting for each.
///
/// Limit: 1 ms for 99 of 100 decisions. A decision is what follows from one event: the dispatcher
/// hears it and says who goes. The Engine's own work is not in it.
namespace fabrica::bench {
namespace {

using jobs::JobId;
using Clock = std::chrono::steady_clock;

constexpr std::size_t users = 1'000;
constexpr std::size_t jobs_at_first = 90'000;
constexpr std::size_t decisions = 20'000;

class FullSites {
 public:
  FullSites()
      : engine_(log_, *policies::choose({})),
        world_(simulate::make_whole_world(engine_, now_, widths_, users_of())) {
    for (std::size_t i = 0; i < jobs_at_first; ++i) submit();
    place();
    now_spent_ = {};
  }

  std::size_t waiting() const { return dispatcher_.waiting(); }
  const placement::Dispatcher& dispatcher() const { return dispatcher_; }
  Time now() const { return now_; }
  JobId last() const { return JobId{engine_.state().jobs.last_job}; }

  /// By turns another job comes and one ends.
  void step(bool ends) {
    now_ = now_ + milliseconds(10);
    if (ends && !running_.empty()) {
      end_first();
    } else {
      submit();
    }
    place();
    spent_.push_back(std::exchange(now_spent_, {}));
  }

  std::vector<Clock::duration> spent() && { return std::move(spent_); }

 private:
  static std::vector<std::uint32_t> users_of() {
    std::vector<std::uint32_t> all(users);
    for (std::uint32_t user = 0; user < users; ++user) all[user] = user;
    return all;
  }

  void execute(federation::PersonId actor, jobs::Command command) {
    Envelope envelope;
    envelope.actor = actor;
    envelope.now = now_;
    envelope.command = std::move(command);
    const auto reply = engine_.execute(envelope);
    CHECK(reply.has_value(), reply ? std::string() : reply.error().text);
    const auto began = Clock::now();
    dispatcher_.heard(engine_.state(), engine_.written());
    now_spent_ += Clock::now() - began;
  }

  void submit() {
    jobs::JobRequest request;
    request.name = "job";
    request.nodes = std::uint32_t{1} << random_.below(1 + random_.below(13));
    request.tasks = request.nodes;
    request.time_limit = hours(random_.between(10, 48));
    const auto& member = world_.members.at(static_cast<std::uint32_t>(random_.below(users)));
    execute(member.person, jobs::SubmitJob{member.project, std::move(request)});
  }

  void place() {
    const auto began = Clock::now();
    auto chosen = dispatcher_.place(engine_.state(), now_);
    now_spent_ += Clock::now() - began;
    for (jobs::PlaceJob& one : chosen) {
      const JobId id = one.job;
      execute({}, std::move(one));
      const federation::SiteId site = engine_.state().jobs.jobs.at(id).site;
      execute({}, jobs::ReportFromSite{site, jobs::SiteStarted{id, 0, now_}});
      running_.push_back(id);
    }
  }

  void end_first() {
    const JobId id = running_.front();
    running_.pop_front();
    const jobs::Job& job = engine_.state().jobs.jobs.at(id);
    jobs::SiteEnded report;
    report.job = id;
    report.started = job.tasks[0].started;
    report.ended = now_;
    execute({}, jobs::ReportFromSite{job.site, report});
  }

  Random random_{1};
  Time now_{1'798'790'400'000};
  std::vector<std::int32_t> widths_ = std::vector<std::int32_t>(7, 10'000);
  store::MemoryLog log_;
  Engine engine_;
  simulate::WholeWorld world_;
  placement::Dispatcher dispatcher_;
  std::deque<JobId> running_;
  Clock::duration now_spent_{};
  std::vector<Clock::duration> spent_;
};

double milliseconds_of(Clock::duration spent) {
  return std::chrono::duration<double, std::milli>(spent).count();
}

int run() {
  FullSites sites;
  const std::size_t waiting = sites.waiting();
  for (std::size_t i = 0; i < decisions; ++i) sites.step(i % 2 == 0);
  const auto asked = Clock::now();
  const placement::Outlook outlook =
      placement::outlook_of(sites.dispatcher(), sites.last(), sites.now());
  const double outlook_ms = milliseconds_of(Clock::now() - asked);
  std::vector<Clock::duration> spent = std::move(sites).spent();
  std::ranges::sort(spent);
  const auto at = [&](std::size_t per_mille) {
    return milliseconds_of(spent[(spent.size() - 1) * per_mille / 1'000]);
  };
  fmt::print(
      "placement decisions, seven sites of 10,000 nodes, {} jobs waiting\n"
      "  99 of 100   {:.4f} ms   limit 1 ms\n"
      "  median      {:.4f} ms\n"
      "  worst       {:.4f} ms of {}\n"
      "the outlook of the last of them, with {} changes that would make it sooner: {:.0f} ms{}\n",
      waiting, at(990), at(500), at(1'000), spent.size(), outlook.sooner.size(), outlook_ms,
      outlook.beginning ? "" : ", nothing could be said");
  return 0;
}

}  // namespace
}  // namespace fabrica::bench

int main() { return fabrica::bench::run(); }
