#pragma once

#include <map>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "sites/simulated/faults.h"
#include "sites/simulated/virtual_site.h"

namespace fabrica::sites::simulated {

/// What can go wrong between us and a site.
/// - silent: for a while nothing is heard, and what is told is lost.
/// - slow: a request arrives late, perhaps after one that was told later.
/// - request_lost: a request never arrives; request_doubled: it arrives twice.
/// - answer_lost: a request is done, and for a while nothing tells us so.
/// - report_doubled, report_late, reports_shuffled: as they say.
/// - acknowledgement_lost: the site says again what was durable.
/// - clock_off: the site's clock jumps by minutes; clock_reset: it falls back to 1970.
enum class SiteFault : std::uint8_t {
  silent,
  slow,
  request_lost,
  request_doubled,
  answer_lost,
  report_doubled,
  report_late,
  reports_shuffled,
  acknowledgement_lost,
  clock_off,
  clock_reset
};
FABRICA_DESCRIBE_ENUM(SiteFault, silent, slow, request_lost, request_doubled, answer_lost,
                      report_doubled, report_late, reports_shuffled, acknowledgement_lost,
                      clock_off, clock_reset)

/// Wraps a site and lets faults happen to what passes. Every fault passes: once healed, whatever is
/// held back comes within half a day.
class FaultySite : public VirtualSite {
 public:
  /// `inner` must outlive this.
  FaultySite(VirtualSite& inner, Faults<SiteFault> faults)
      : inner_(inner), faults_(std::move(faults)) {}

  void tell(const jobs::SiteRequest& request) override;
  std::vector<jobs::Report> hear(Time now) override;
  void acknowledge(std::span<const jobs::Report> reports) override;
  std::optional<Time> next_event() const override;

  void heal() { faults_.heal(); }
  const std::map<SiteFault, std::uint64_t>& fired() const { return faults_.fired(); }

 private:
  struct Delayed {
    Time until;
    jobs::SiteRequest request;
  };
  // A report's kind, job and task.
  using Subject = std::tuple<std::size_t, jobs::JobId, std::uint32_t>;
  static Subject subject_of(const jobs::Report& report);

  void deliver_delayed();
  bool is_held_back(const jobs::Report& report);
  jobs::Report by_its_clock(jobs::Report report) const;
  void draw_clock();

  VirtualSite& inner_;
  Faults<SiteFault> faults_;
  Time now_;
  Time silent_until_;
  Duration clock_skew_;
  std::vector<Delayed> delayed_;
  std::map<Subject, Time> late_;  // of each report seen and not acknowledged: when it may be heard
  std::map<jobs::JobId, Time> unheard_;  // jobs whose reports are lost until then
};

}  // namespace fabrica::sites::simulated
