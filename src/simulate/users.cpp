#include "simulate/users.h"

#include "base/check.h"
#include "simulate/spoil.h"

namespace fabrica::simulate {

namespace {

// The end of a job that runs at another site than the one that says so.
jobs::SiteEnded end_from_elsewhere(Drawing& d, federation::SiteId site) {
  jobs::SiteEnded report;
  report.job = d.recent<jobs::JobId>(d.state.jobs.last_job, 10);
  const jobs::Job* job = d.state.jobs.jobs.find(report.job);
  if (job != nullptr && job->site == site) report.job = {};
  // Said again later it must be untrue still, whatever job has got the number by then.
  report.attempt = 1'000;
  report.started = d.now - hours(1);
  report.ended = d.now;
  return report;
}

// What a site says by mistake: about a job or a task that is not there, or nothing at all. Changes
// nothing.
Wish stray_report(Drawing& d) {
  const std::uint64_t last = d.state.jobs.last_job;
  const auto known = d.any<jobs::JobId>(last);
  const auto site = d.any<federation::SiteId>(d.state.federation.last_site);
  jobs::Report report;
  switch (d.random.below(5)) {
    case 0:
      report = jobs::SiteQueued{jobs::JobId{last + 100}, "stray"};
      break;
    case 1:
      report = jobs::SiteStarted{known, 5'000, d.now};
      break;
    case 2:
      report = jobs::SiteStarted{known, 0, Time{}};
      break;
    case 3:
      report = end_from_elsewhere(d, site);
      break;
    default: {
      jobs::SiteEnded ended;
      ended.job = known;
      ended.outcome = jobs::Outcome::none;
      report = ended;
      break;
    }
  }
  return {PersonId{}, Command{jobs::Command{jobs::ReportFromSite{site, report}}}, {}};
}

}  // namespace

Users::Users(Random random) : random_(random) {
  for (const auto& area :
       {federation_choices(), ledger_choices(), calls_choices(), jobs_choices()}) {
    choices_.insert(choices_.end(), area.begin(), area.end());
  }
  for (const Choice& choice : choices_) weight_ += choice.weight;
}

Wish Users::chosen(Drawing& drawing) {
  std::uint64_t draw = random_.below(weight_);
  for (const Choice& choice : choices_) {
    if (draw < choice.weight) return choice.choose(drawing);
    draw -= choice.weight;
  }
  CHECK(false, "the weights add up");
}

Wish Users::next(const State& state, Time now) {
  Drawing drawing{state, random_, now};
  if (random_.chance(1, 60)) return stray_report(drawing);
  Wish wish = chosen(drawing);
  if (random_.chance(1, 12)) spoil(wish.command, random_);
  if (random_.chance(1, 25))
    wish.actor = PersonId{1 + random_.below(state.federation.last_person + 2)};
  return wish;
}

}  // namespace fabrica::simulate
