#include "simulate/made_jobs.h"

#include <algorithm>
#include <array>

#include "simulate/lublin.h"
#include "simulate/variates.h"

namespace fabrica::simulate {

namespace {

constexpr std::array<std::int64_t, 12> menu_s{900,       3'600,     14'400,    43'200,
                                              86'400,    172'800,   345'600,   691'200,
                                              1'382'400, 2'764'800, 5'529'600, 11'059'200};

/// Who submits a job, and what limit they ask for.
class Asking {
 public:
  Asking(std::uint32_t users, Random random) : users_(weights_of(users)), random_(random) {}

  traces::Job job(std::size_t at, std::int64_t run_s, std::int32_t width) {
    const auto number = static_cast<std::int64_t>(at) + 1;
    const auto user = static_cast<std::int32_t>(users_.draw(random_));
    return {0, run_s, limit_s(run_s), number, width, user, -1, static_cast<std::uint32_t>(number)};
  }

 private:
  static std::vector<std::uint64_t> weights_of(std::uint32_t users) {
    std::vector<std::uint64_t> weights;
    for (std::uint64_t user = 1; user <= users; ++user) {
      weights.push_back((std::uint64_t{1} << 32U) / user);
    }
    return weights;
  }

  std::int64_t limit_s(std::int64_t run_s) {
    const std::int64_t wanted_s = run_s << random_.below(5);
    const auto* const found = std::ranges::lower_bound(menu_s, wanted_s);
    return found == menu_s.end() ? std::max(run_s, menu_s.back()) : *found;
  }

  WeightedDraw users_;
  Random random_;
};

}  // namespace

std::vector<Cycle> cycles_of(const MadeClassic& wanted) {
  return {lublin_cycle(LublinModel::Type::interactive, wanted.days),
          lublin_cycle(LublinModel::Type::batch, wanted.days)};
}

std::vector<Cycle> cycles_of(const MadeLlm& wanted) {
  return {Cycle::of_week(wanted.hours, wanted.days)};
}

std::vector<EvenJob> made_jobs(const MadeClassic& wanted, const std::vector<Cycle>& cycles,
                               Random random) {
  LublinModel model(wanted.width, random.split());
  Asking asking(wanted.users, random.split());
  std::vector<EvenJob> jobs;
  jobs.reserve(wanted.jobs);
  while (jobs.size() < wanted.jobs) {
    const LublinModel::Drawn drawn = model.next();
    jobs.push_back({asking.job(jobs.size(), drawn.run_s, drawn.width), drawn.even_ms,
                    &cycles[static_cast<std::size_t>(drawn.type)]});
  }
  return jobs;
}

std::vector<EvenJob> made_jobs(const MadeLlm& wanted, const std::vector<Cycle>& cycles,
                               Random random) {
  LlmCentre centre(wanted.cluster, wanted.gap_mean_ms, random.split());
  Asking asking(wanted.users, random.split());
  std::vector<EvenJob> jobs;
  jobs.reserve(wanted.jobs);
  while (jobs.size() < wanted.jobs) {
    const LlmCentre::Drawn drawn = centre.next();
    jobs.push_back(
        {asking.job(jobs.size(), drawn.run_s, drawn.gpus), drawn.even_ms, cycles.data()});
  }
  return jobs;
}

}  // namespace fabrica::simulate
