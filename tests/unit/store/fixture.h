#pragma once

#include "store/sqlite_log.h"
#include "unit/support/temporary_directory.h"
#include "unit/support/world.h"

/// A log on disk with some of everything in it.
namespace fabrica::test {

/// Reports that a run of the job ended, to be followed by another; the next ends it.
inline void requeue_and_end(World& world, PersonId owner, ProjectId for_project) {
  world.must(owner, jobs::SubmitJob{for_project, train_on_gpu()});
  const JobId job{world.state.jobs.last_job};
  jobs::SiteRunEnded run;
  run.job = job;
  run.key = {job.value + 100, world.now, world.now, 0};
  run.ended = world.now + minutes(20);
  run.text = "requeued";
  world.must(the_system, jobs::ReportFromSite{north, run});
  jobs::SiteEnded end =
      ended_report(job, world.now + minutes(30), world.now + minutes(40), jobs::Outcome::completed);
  end.key = {run.key.id, run.ended, end.started, 1};
  world.must(the_system, jobs::ReportFromSite{north, end});
}

/// A job leaves a site that fell silent, and ends at the other.
inline void move_and_end(World& world) {
  world.must(lead, jobs::SubmitJob{project, train()});
  const JobId job{world.state.jobs.last_job};
  const SiteId left = world.job(job).site;
  world.must(the_system, federation::ReportSilence{left, true, true});
  world.pass_time();
  world.must(the_system, federation::ReportSilence{left, false, false});
  jobs::SiteEnded end =
      ended_report(job, world.now, world.now + minutes(1), jobs::Outcome::completed);
  end.attempt = world.job(job).attempt;
  world.must(the_system, jobs::ReportFromSite{world.job(job).site, end});
}

/// A consortium where every kind of event has happened.
inline World busy_world() {
  World world = with_awards();
  world.must(admin, federation::AssignRoles{rival, {federation::Role::auditor}, {}});
  world.must(north_operator, federation::DrainSite{north, true});
  world.must(north_operator, federation::DrainSite{north, false});
  world.must(lead, federation::RemoveMember{project, member});
  world.must(lead, federation::AddMember{project, member});
  world.must(admin, ledger::Transfer{gpu_pool, lumi_pool, unit_hours(1), "a transfer"});
  world.must(admin, ledger::Exchange{cpu_pool, gpu_pool, unit_hours(64), {1, 32}, "cores to GPUs"});
  world.must(member, jobs::SubmitJob{project, train_on_gpu()});
  world.must(the_system, queued(JobId{1}));
  world.must(the_system, started(JobId{1}, world.now));
  world.now = world.now + minutes(20);
  world.must(the_system, ended(JobId{1}, world.now - minutes(20), world.now));
  JobRequest array = train_on_gpu();
  array.array = {1, 2, 5};
  array.dependencies = {{jobs::DependencyKind::after_any, JobId{1}}};
  world.must(member, jobs::SubmitJob{project, array});
  world.must(the_system,
             ended(JobId{2}, world.now, world.now + minutes(90), jobs::Outcome::timeout, 1));
  world.must(member, jobs::CancelJob{JobId{2}});
  world.must(north_operator,
             ledger::CorrectCharge{gpu_award, ComputeTime{60'000}, 1, "a node failed"});
  world.must(member, jobs::SubmitJob{project, train_on_gpu()});
  const JobId lost{3};
  world.must(the_system, jobs::ReportFromSite{north, jobs::SiteUnknown{lost, 1, "no answer"}});
  world.must(the_system,
             jobs::ReportFromSite{north, jobs::SiteBound{lost, 1, "c1", {17, world.now}}});
  world.must(the_system, jobs::ReportFromSite{north, jobs::SiteAbsent{lost, 1, "vanished"}});
  world.must(member, jobs::CancelJob{lost});
  world.must(the_system, jobs::ReportFromSite{north, jobs::SiteAbsent{lost, 2, "never came"}});
  world.must(member, jobs::SubmitJob{project, train_on_gpu()});
  const jobs::OwnWord speaks{JobId{4}, 1, 0, 18, 0};
  world.must(the_system,
             jobs::ReportFromSite{north, jobs::SiteBound{speaks.job, 1, "c1", {18, world.now}}});
  world.must(the_system, jobs::BeginTask{speaks});
  world.must(the_system, jobs::ReturnTask{speaks, 3});
  world.must(the_system, jobs::ReportFromSite{north, jobs::SiteAbsent{speaks.job, 1, "forgot"}});
  move_and_end(world);
  requeue_and_end(world, lead, project);
  // Here the hold is all that the account has.
  give_award(world, rival, other_project, gpu, unit_hours(1));
  requeue_and_end(world, rival, other_project);
  federation::Site keeper = world.state.federation.sites.at(south);
  keeper.keeps_accounts = true;
  world.must(admin, federation::RegisterSite{keeper});
  const auto says = [&](const jobs::Report& report) {
    world.must(the_system, jobs::ReportFromSite{south, report});
  };
  const auto limit = [&](AccountId id) { return world.state.jobs.site_accounts.at(id).limit; };
  says(jobs::AccountNotKept{lumi_award, "no database"});
  says(jobs::AccountKept{lumi_award, limit(lumi_award)});
  says(jobs::AccountKept{nodes_award, limit(nodes_award)});
  says(jobs::AccountFoundAltered{lumi_award, true, "its user is gone"});
  world.must(south_operator, jobs::MendAccounts{south});
  says(jobs::AccountFoundAltered{nodes_award, false, "it has no limit"});
  const AwardId declined = offer_award(world, lead, project, cpu, unit_hours(5));
  world.must(lead, calls::AnswerAward{declined, false});
  offer_award(world, lead, project, cpu, unit_hours(6));
  world.now = world.now + days(15);
  world.must(the_system, PassTime{});
  world.now = world.now + days(100);
  world.must(the_system, PassTime{});
  world.must(the_system,
             ended(JobId{2}, world.now, world.now + minutes(9), jobs::Outcome::completed, 0));
  world.must(the_system, ended(JobId{2}, Time{}, world.now, jobs::Outcome::cancelled, 2));
  says(jobs::AccountKept{lumi_award, {}, true});
  return world;
}

/// Appends `records` in groups of `group`, as an engine would; the state they lead to.
inline State append_all(store::SqliteLog& log, const std::vector<Recorded>& records,
                        std::size_t group) {
  State state;
  for (std::size_t at = 0; at < records.size(); at += group) {
    const auto some = std::span(records).subspan(at, std::min(group, records.size() - at));
    const Seq expected = state.last;
    for (const Recorded& recorded : some) apply(state, recorded);
    EXPECT_EQ(log.append({expected, some, {}, {}, state}), Appended::yes);
  }
  return state;
}

/// The state that the log replays to.
inline State replay(store::SqliteLog& log) {
  State state;
  while (true) {
    const std::vector<Recorded> page = log.read(state.last, 100);
    for (const Recorded& recorded : page) apply(state, recorded);
    if (page.empty()) return state;
  }
}

}  // namespace fabrica::test
