#pragma once

#include <memory>

#include "sites/simulated/controller.h"
#include "sites/simulated/virtual_site.h"
#include "sites/slurm/slurm_site.h"

namespace fabrica::sites::simulated {

/// The connector of Slurm sites on a simulated controller. The connector may be ended at any moment
/// and begun anew, as by a crash of the server; the controller goes on.
class SimulatedSlurm : public VirtualSite {
 public:
  /// `tasks_speak`: its tasks say themselves when they begin and end. `keeps_accounts`: one for
  /// each award, and jobs run under those.
  SimulatedSlurm(std::uint64_t seed, Faults<ControllerFault> faults, bool tasks_speak,
                 bool keeps_accounts = false);

  /// The server has crashed and read `state` from the log.
  void restart(const jobs::State& state, federation::SiteId site);
  void heal() { controller_.heal(); }
  SimulatedController& controller() { return controller_; }
  const SimulatedController& controller() const { return controller_; }
  /// Of all connectors that there were.
  slurm::SlurmSite::Counts counts() const { return sum_of(counts_, connector_->counts()); }

  void tell(const jobs::SiteRequest& request) override { connector_->tell(request); }
  std::vector<jobs::Report> hear(Time now) override { return connector_->hear(now); }
  void acknowledge(std::span<const jobs::Report> reports) override {
    connector_->acknowledge(reports);
  }
  std::optional<Time> next_event() const override;

 private:
  void begin();
  static slurm::SlurmSite::Counts sum_of(slurm::SlurmSite::Counts counts,
                                         const slurm::SlurmSite::Counts& more);

  bool tasks_speak_;
  bool keeps_accounts_;
  SimulatedController controller_;
  std::unique_ptr<slurm::SlurmSite> connector_;
  slurm::SlurmSite::Counts counts_;  // of the connectors before
};

}  // namespace fabrica::sites::simulated
