#pragma once

#include <boost/mp11/algorithm.hpp>
#include <limits>

#include "base/random.h"
#include "unit/support/world.h"

/// Random commands of every kind, for properties: some that could be meant, some that nobody could
/// mean.
namespace fabrica::test {

/// Any value of any described type: ids and numbers that are small, those at the ends of their
/// range, and texts that are in use, empty, too long or broken.
class Nonsense {
 public:
  Nonsense(Random& random, Time now) : random_(random), now_(now) {}

  template <class T>
  T any() {
    T value{};
    fill(value);
    return value;
  }

  PersonId actor() { return PersonId{random_.chance(1, 10) ? 99 : random_.below(8)}; }

 private:
  void fill(bool& value) { value = random_.chance(1, 2); }
  template <std::integral T>
  void fill(T& value) {
    switch (random_.below(8)) {
      case 0:
        return void(value = 0);
      case 1:
        return void(value = std::numeric_limits<T>::max());
      case 2:
        return void(value = std::numeric_limits<T>::min());
      case 3:
        return void(value = static_cast<T>(random_.next()));
      default:
        return void(value = static_cast<T>(1 + random_.below(9)));
    }
  }
  void fill(std::string& value) {
    static const std::vector<std::string> texts{"",
                                                "PT",
                                                "ES",
                                                "north",
                                                "south-lumi",
                                                "a\nb",
                                                "playground",
                                                "size_within",
                                                "one_live_award",
                                                "\xff\xfe",
                                                "plain",
                                                "h100",
                                                std::string(5'000, 'x')};
    value = texts[random_.below(texts.size())];
  }
  void fill(ComputeTime& value) {
    static const std::vector<ComputeTime> amounts{
        ComputeTime{},
        ComputeTime{1},
        unit_hours(1),
        unit_hours(10),
        unit_hours(-1),
        amount_max,
        -amount_max,
        ComputeTime{amount_max.unit_ms() + 1},
        ledger::issued_max,
        ledger::no_floor,
        unit_hours(90),
        ComputeTime{std::numeric_limits<std::int64_t>::max()},
        ComputeTime{std::numeric_limits<std::int64_t>::min()}};
    value = amounts[random_.below(amounts.size())];
  }
  void fill(Time& value) {
    const std::int64_t any = static_cast<std::int64_t>(random_.next());
    const std::vector<Time> times{Time{},
                                  now_,
                                  now_ - hours(1),
                                  now_ + hours(1),
                                  now_ + days(40),
                                  never,
                                  {any},
                                  {-1},
                                  {std::numeric_limits<std::int64_t>::min()}};
    value = times[random_.below(times.size())];
  }
  void fill(Duration& value) {
    static const std::vector<Duration> spans{{},
                                             {1},
                                             hours(1),
                                             days(2),
                                             days(400),
                                             hours(-1),
                                             {std::numeric_limits<std::int64_t>::max()}};
    value = spans[random_.below(spans.size())];
  }
  void fill(Sha256& value) { value.bytes[0] = static_cast<std::byte>(random_.below(3)); }
  template <class Tag>
  void fill(Id<Tag>& value) {
    fill(value.value);
  }
  template <DescribedEnum E>
  void fill(E& value) {
    using All = boost::describe::describe_enumerators<E>;
    const std::size_t chosen = random_.below(boost::mp11::mp_size<All>::value);
    std::size_t at = 0;
    boost::mp11::mp_for_each<All>([&](auto one) {
      if (at++ == chosen) value = one.value;
    });
  }
  template <class T>
  void fill(std::vector<T>& value) {
    const std::size_t size = random_.chance(1, 50) ? 1'100 : random_.below(4);
    for (std::size_t i = 0; i < size; ++i) value.push_back(any<T>());
  }
  template <class T>
  void fill(Shared<T>& value) {
    fill(value.change());
  }
  template <class... Ts>
  void fill(std::variant<Ts...>& value) {
    boost::mp11::mp_with_index<sizeof...(Ts)>(
        random_.below(sizeof...(Ts)), [&](auto index) { fill(value.template emplace<index>()); });
  }
  template <DescribedStruct T>
  void fill(T& value) {
    for_each_member<T>([&](std::string_view, auto member) { fill(value.*member); });
  }

  Random& random_;
  Time now_;
};

/// A command and who sends it.
struct Asked {
  PersonId actor;
  Command command;
};

/// A command that could be meant in `state`, by somebody who may well be allowed it.
class Plausible {
 public:
  Plausible(Random& random, const State& state, Time now)
      : random_(random), state_(state), now_(now) {}

  Asked any() {
    switch (random_.below(22)) {
      case 0:
        return {admin, ledger::AddCapacity{partition(), amount(), ""}};
      case 1:
        return {admin, ledger::Transfer{account(), account(), amount(), ""}};
      case 2:
        return {admin,
                ledger::Exchange{account(), account(), amount(), {one_to(9), one_to(9)}, ""}};
      case 3:
        return {admin,
                ledger::CorrectCharge{account(), amount(), one_of(state_.jobs.last_job), ""}};
      case 4:
        return {admin, federation::DrainSite{SiteId{1 + random_.below(2)}, random_.chance(1, 3)}};
      case 5:
        return propose();
      case 6:
      case 17:
        return {officer,
                calls::AssessProposal{ProposalId{late(state_.calls.last_proposal)}, true, ""}};
      case 7:
      case 15:
        return {officer, calls::GrantAward{ProposalId{late(state_.calls.last_proposal)}}};
      case 8:
      case 16:
        return {lead,
                calls::AnswerAward{AwardId{late(state_.calls.last_award)}, random_.chance(2, 3)}};
      case 9:
        return {the_system, PassTime{}};
      case 10:
      case 11:
        return submit();
      case 12:
        return {lead, jobs::CancelJob{job()}};
      case 13:
        return people();
      case 14:
        return facts();
      case 19:
      case 20:
        return {the_system, jobs::PlaceJob{job(), partition(), "there is room"}};
      case 18:
        return of_account();
      default:
        return {the_system, random_.chance(1, 2) ? own_word() : Command{jobs::Command{report()}}};
    }
  }

 private:
  std::uint64_t one_of(std::uint64_t last) { return 1 + random_.below(last + 1); }
  /// One of the last three, mostly.
  std::uint64_t late(std::uint64_t last) {
    return last > 3 && random_.chance(7, 8) ? last - random_.below(3) : one_of(last);
  }
  std::int64_t one_to(std::int64_t most) { return random_.between(1, most); }
  JobId job() {
    const std::uint64_t last = state_.jobs.last_job;
    return JobId{last > 12 && random_.chance(3, 4) ? last - random_.below(12) : one_of(last)};
  }
  PartitionId partition() { return PartitionId{1 + random_.below(4)}; }
  AccountId account() { return AccountId{one_of(state_.ledger.last_account)}; }
  ComputeTime amount() {
    const ComputeTime size =
        random_.chance(1, 2) ? unit_hours(one_to(20)) : ComputeTime{one_to(10'000)};
    return random_.chance(1, 4) ? -size : size;
  }

  Asked propose() {
    calls::Application application = test::application();
    application.partition = partition();
    application.amount = unit_hours(one_to(12));
    application.months = static_cast<std::uint32_t>(one_to(3));
    // The first calls of a settled world are for one partition each, in the order of partitions.
    const std::uint64_t call =
        random_.chance(2, 3) ? application.partition.value : one_of(state_.calls.last_call);
    return {lead, calls::SubmitProposal{CallId{call}, project, application}};
  }

  Asked people() {
    if (random_.chance(1, 3))
      return {admin, federation::RegisterPerson{OrganisationId{one_of(2)}, {}, {}}};
    if (random_.chance(1, 2)) return {lead, federation::OpenProject{"A project", start_up}};
    return {lead, federation::AddMember{project, PersonId{one_of(state_.federation.last_person)}}};
  }

  /// A site's facts change under the jobs that it has.
  Asked facts() {
    const federation::Partition* known = state_.federation.partitions.find(partition());
    if (known == nullptr) return people();
    if (random_.chance(1, 4)) {
      return {admin, federation::RegisterSite{with(state_.federation.sites.at(known->site),
                                                   &federation::Site::keeps_accounts,
                                                   random_.chance(3, 4))}};
    }
    const auto cores = static_cast<std::uint32_t>(one_to(64));
    return {admin, federation::RegisterPartition{
                       with(*known, &federation::Partition::nodes, random_.below(6),
                            &federation::Partition::cores_per_node, cores)}};
  }

  Asked submit() {
    JobRequest request = train();
    request.gpus_per_node = static_cast<std::uint32_t>(random_.below(3));
    request.cpus_per_node = static_cast<std::uint32_t>(one_to(12));
    request.nodes = static_cast<std::uint32_t>(one_to(2));
    request.time_limit = random_.chance(1, 2) ? minutes(one_to(90)) : milliseconds(one_to(100));
    if (random_.chance(1, 3)) request.partition = partition();
    if (random_.chance(1, 4)) request.array = {0, 2, 5};
    for (std::uint64_t left = random_.below(4); left > 1; --left) {
      request.dependencies.push_back({static_cast<jobs::DependencyKind>(random_.below(4)), job()});
    }
    return {random_.chance(1, 2) ? lead : member, jobs::SubmitJob{project, request}};
  }

  /// Something about an account that a site keeps, more often than not as it is to be.
  Asked of_account() {
    if (random_.chance(1, 6)) return {admin, jobs::MendAccounts{SiteId{1 + random_.below(3)}}};
    const auto& kept = state_.jobs.site_accounts;
    if (kept.empty()) return facts();
    const auto& [id, there] =
        *std::next(kept.begin(), static_cast<std::ptrdiff_t>(random_.below(kept.size())));
    if (random_.chance(1, 4)) {
      return {the_system,
              jobs::ReportFromSite{there.site,
                                   jobs::AccountFoundAltered{id, random_.chance(1, 2), "changed"}}};
    }
    const ComputeTime limit = random_.chance(3, 4) ? there.limit : amount();
    return {the_system,
            jobs::ReportFromSite{there.site, jobs::AccountKept{id, limit, there.closing}}};
  }

  jobs::ReportFromSite report() {
    const JobId id = job();
    const jobs::Job* known = state_.jobs.jobs.find(id);
    const SiteId site =
        known != nullptr && random_.chance(9, 10) ? known->site : SiteId{1 + random_.below(3)};
    const auto task =
        static_cast<std::uint32_t>(random_.below(known == nullptr ? 2 : known->tasks.size() + 1));
    const Time from = random_.chance(1, 8) ? Time{} : now_ - minutes(one_to(120));
    if (random_.chance(1, 4)) return queued(id, site);
    if (random_.chance(1, 4)) {
      if (random_.chance(1, 6)) return {site, jobs::SiteAbsent{id, 1, ""}};
      return {site, jobs::SiteBound{id, 1, "c", {bound_as(id), now_}}};
    }
    if (random_.chance(1, 3)) return started(id, from, task, site);
    const auto outcome = random_.chance(1, 2) ? jobs::Outcome::completed
                                              : static_cast<jobs::Outcome>(random_.below(10));
    if (random_.chance(1, 3)) return {site, run_ended(id, task, outcome)};
    jobs::SiteEnded report =
        ended_report(id, from, now_ - minutes(random_.between(-5, 60)), outcome, task);
    if (random_.chance(1, 2))
      report.key = {9, from, from, static_cast<std::uint32_t>(random_.below(3))};
    return {site, report};
  }

  jobs::SiteRunEnded run_ended(JobId id, std::uint32_t task, jobs::Outcome outcome) {
    jobs::SiteRunEnded run;
    run.job = id;
    run.task = task;
    run.key = {9, now_, now_ - minutes(one_to(120)), static_cast<std::uint32_t>(random_.below(3))};
    run.ended = run.key.started + minutes(random_.between(-5, 120));
    run.outcome = outcome;
    run.says_start = random_.chance(1, 4);
    return run;
  }

  static std::uint64_t bound_as(JobId id) { return id.value + 100; }

  // The last live job that is bound, which few are; any otherwise.
  JobId bound_job() {
    JobId found = job();
    state_.jobs.jobs.for_each([&](JobId id, const jobs::Job& one) {
      if (one.phase != jobs::JobPhase::ended && one.binding.id != 0) found = id;
    });
    return found;
  }

  Command own_word() {
    const JobId id = bound_job();
    const std::uint32_t run = random_.chance(1, 6) ? 1 : 0;
    const std::uint32_t task = random_.chance(1, 6) ? 1 : 0;
    const jobs::OwnWord word{id, 1, task, bound_as(id), run};
    if (random_.chance(1, 2)) return jobs::Command{jobs::BeginTask{word}};
    return jobs::Command{jobs::ReturnTask{word, static_cast<std::int32_t>(random_.below(3))}};
  }

  Random& random_;
  const State& state_;
  Time now_;
};

/// The command that `seed` stands for in `state`, three out of four plausible; `now` moves on with
/// it, mostly forward.
inline Asked command_of(std::uint64_t seed, const State& state, Time& now) {
  Random random{seed};
  switch (random.below(24)) {
    case 0:
      now = now + days(random.between(1, 25));
      break;
    case 1:
      now = now - hours(1);
      break;
    default:
      now = now + minutes(random.between(0, 60));
  }
  if (random.chance(3, 4)) return Plausible{random, state, now}.any();
  Nonsense nonsense{random, now};
  const PersonId actor = nonsense.actor();
  return {actor, nonsense.any<Command>()};
}

}  // namespace fabrica::test
