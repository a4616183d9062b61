#include "sites/simulated/faulty_site.h"

#include <algorithm>
#include <utility>

namespace fabrica::sites::simulated {

namespace {

using jobs::Report;
using jobs::SiteEnded;
using jobs::SiteRequest;
using jobs::SiteStarted;

}  // namespace

FaultySite::Subject FaultySite::subject_of(const Report& report) {
  return std::visit(
      [&]<class R>(const R& one) {
        if constexpr (requires { one.task; })
          return Subject(report.index(), one.job, one.task);
        else if constexpr (requires { one.account; })
          return Subject(report.index(), jobs::JobId{one.account.value}, 0);
        else
          return Subject(report.index(), one.job, 0);
      },
      report);
}

void FaultySite::tell(const SiteRequest& request) {
  if (now_ < silent_until_ || faults_.fires(SiteFault::request_lost)) return;
  if (faults_.fires(SiteFault::slow)) {
    delayed_.push_back({now_ + faults_.between(seconds(1), hours(10)), request});
    return;
  }
  inner_.tell(request);
  if (faults_.fires(SiteFault::request_doubled)) inner_.tell(request);
  if (faults_.fires(SiteFault::answer_lost)) {
    unheard_[jobs::job_of(request)] = now_ + faults_.between(minutes(1), hours(6));
  }
}

void FaultySite::deliver_delayed() {
  for (const Delayed& delayed : delayed_) {
    if (delayed.until <= now_) inner_.tell(delayed.request);
  }
  std::erase_if(delayed_, [&](const Delayed& delayed) { return delayed.until <= now_; });
}

std::vector<Report> FaultySite::hear(Time now) {
  now_ = now;
  if (now_ < silent_until_) return {};
  if (faults_.fires(SiteFault::silent)) {
    silent_until_ = now_ + faults_.between(minutes(1), hours(12));
    return {};
  }
  deliver_delayed();
  draw_clock();
  std::vector<Report> heard;
  for (const Report& report : inner_.hear(now_)) {
    if (is_held_back(report)) continue;
    heard.push_back(by_its_clock(report));
    if (faults_.fires(SiteFault::report_doubled)) heard.push_back(heard.back());
  }
  if (heard.size() > 1 && faults_.fires(SiteFault::reports_shuffled)) {
    for (std::size_t i = heard.size() - 1; i > 0; --i)
      std::swap(heard[i], heard[faults_.below(i + 1)]);
  }
  return heard;
}

bool FaultySite::is_held_back(const Report& report) {
  const Subject subject = subject_of(report);
  auto late = late_.find(subject);
  if (late == late_.end()) {
    const bool is_late = faults_.fires(SiteFault::report_late);
    late = late_.emplace(subject, is_late ? now_ + faults_.between(minutes(1), hours(12)) : now_)
               .first;
  }
  const auto unheard = unheard_.find(std::get<jobs::JobId>(subject));
  if (unheard != unheard_.end() && unheard->second <= now_)
    unheard_.erase(unheard);
  else if (unheard != unheard_.end())
    return true;
  return late->second > now_;
}

void FaultySite::draw_clock() {
  if (faults_.fires(SiteFault::clock_off)) clock_skew_ = faults_.between(minutes(-20), minutes(20));
  if (faults_.fires(SiteFault::clock_reset)) clock_skew_ = Time{} - now_;
}

// A task that never started keeps its zero, and one that did never gets it.
Report FaultySite::by_its_clock(Report report) const {
  if (auto* started = std::get_if<SiteStarted>(&report)) started->at = started->at + clock_skew_;
  if (auto* ended = std::get_if<SiteEnded>(&report)) {
    if (ended->started != Time{})
      ended->started = std::max(ended->started + clock_skew_, Time{} + milliseconds(1));
    ended->ended = ended->ended + clock_skew_;
  }
  return report;
}

void FaultySite::acknowledge(std::span<const Report> reports) {
  if (faults_.fires(SiteFault::acknowledgement_lost)) return;
  for (const Report& report : reports) late_.erase(subject_of(report));
  inner_.acknowledge(reports);
}

std::optional<Time> FaultySite::next_event() const {
  if (now_ < silent_until_) return silent_until_;
  std::optional<Time> next = inner_.next_event();
  const auto consider = [&](Time time) {
    if (time > now_ && (!next || time < *next)) next = time;
  };
  for (const Delayed& delayed : delayed_) consider(delayed.until);
  for (const auto& [subject, until] : late_) consider(until);
  for (const auto& [job, until] : unheard_) consider(until);
  return next;
}

}  // namespace fabrica::sites::simulated
