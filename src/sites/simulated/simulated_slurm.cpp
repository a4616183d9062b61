#include "sites/simulated/simulated_slurm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fabrica::sites::simulated {

namespace {

constexpr const char* installation = "sim";

// A connection to the controller, which outlives it.
class Connection : public slurm::Cluster {
 public:
  explicit Connection(SimulatedController& controller) : controller_(controller) {}
  void send(std::uint64_t ticket, slurm::Ask ask) override {
    controller_.send(ticket, std::move(ask));
  }
  std::vector<slurm::Answer> receive(Time now) override { return controller_.receive(now); }

 private:
  SimulatedController& controller_;
};

Result<slurm::Submission> in_slurms_words(const jobs::StartJob& request) {
  slurm::Submission job;
  job.name = request.request->name;
  job.user = fmt::format("u{}", request.project.value);
  job.time_limit = request.request->time_limit;
  job.array = fmt::format("{}", fmt::join(request.request->array, ","));
  return job;
}

Result<slurm::AccountWords> account_in_slurms_words(const jobs::KeepAccount& request) {
  return slurm::AccountWords{
      .name = slurm::account_name(installation, request.account),
      .user = "u",
      .tres = "gres/gpu",
      .minutes = static_cast<std::uint64_t>(request.limit.unit_ms() / minutes(1).ms + 1),
      .closed = request.closed};
}

}  // namespace

SimulatedSlurm::SimulatedSlurm(std::uint64_t seed, Faults<ControllerFault> faults, bool tasks_speak,
                               bool keeps_accounts)
    : tasks_speak_(tasks_speak),
      keeps_accounts_(keeps_accounts),
      controller_(seed, installation, std::move(faults), tasks_speak) {
  begin();
}

void SimulatedSlurm::begin() {
  slurm::SlurmSiteOptions options;
  options.cluster = "simulated";
  options.installation = installation;
  options.tasks_speak = tasks_speak_;
  options.poll_every = minutes(2);  // virtual days pass in a run
  options.keeps_accounts = keeps_accounts_;
  options.look_at_accounts_every = hours(3);
  const auto translate = [keeps = keeps_accounts_](const jobs::StartJob& request) {
    Result<slurm::Submission> job = in_slurms_words(request);
    if (keeps) job->account = slurm::account_name(installation, request.account);
    return job;
  };
  connector_ =
      std::make_unique<slurm::SlurmSite>(std::make_unique<Connection>(controller_),
                                         std::move(options), translate, &account_in_slurms_words);
}

slurm::SlurmSite::Counts SimulatedSlurm::sum_of(slurm::SlurmSite::Counts counts,
                                                const slurm::SlurmSite::Counts& more) {
  counts.submitted += more.submitted;
  counts.unknown += more.unknown;
  counts.adopted += more.adopted;
  counts.absent += more.absent;
  counts.swept += more.swept;
  counts.strangers += more.strangers;
  return counts;
}

void SimulatedSlurm::restart(const jobs::State& state, federation::SiteId site) {
  counts_ = counts();
  controller_.forget_asker();
  begin();
  connector_->resume(state, site);
}

std::optional<Time> SimulatedSlurm::next_event() const {
  const std::optional<Time> mine = connector_->next_event();
  const std::optional<Time> its = controller_.next_event();
  if (!mine || !its) return mine ? mine : its;
  return std::min(*mine, *its);
}

}  // namespace fabrica::sites::simulated
