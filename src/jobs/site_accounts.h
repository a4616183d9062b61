#pragma once

#include <vector>

#include "jobs/decide.h"

/// Accounts that sites keep for awards, as a second lock beside our own holds. Which ones follow
/// from the ledger: one for each award that was accepted on a partition of a site that keeps them.
///
/// The limit is on all that is ever used under the account there, and never less than what the
/// award may still spend and what its jobs have used: what they were charged, and what they ran
/// beyond. So what is given back is allowed again, though the site counts it as used, and what our
/// own lock lets through the other one does too. It is a little more than that, so that it need not
/// be told anew for each second, and it is told anew when it gets too tight or far too wide.
///
/// A job is not told to its site before its account is there.
namespace fabrica::jobs {

/// What accounts at sites follow from.
struct Books {
  const federation::State& federation;
  const ledger::State& ledger;
};

// Parts of apply.

/// The ledger has changed by `event`.
void follow(State& state, const Books& books, const ledger::Event& event);

/// The site keeps accounts from now on, or no more, or as before.
void follow_site(State& state, const Books& books, SiteId site);

/// What a task ran beyond its limit while it was being killed is used at its site and not charged.
void note_overrun(State& state, const Job& job, const TaskEnded& event);

/// What a run cost that its account here could not be charged is used at its site all the same.
void note_owed(State& state, const Job& job, ComputeTime owed);

/// The job, which is placed, is to be started: now, or once its account is at the site.
void await_start(State& state, JobId id, const Job& job);

/// It is no more; true when it was.
bool leave_start(SiteQueue& queue, JobId id);

void apply_account(State& state, const AccountProvided& event);
void apply_account(State& state, const AccountShut& event);
void apply_account(State& state, const AccountRefused& event);
void apply_account(State& state, const AccountAltered& event);
void apply_account(State& state, const AccountsMended& event);

// Parts of decide. A report of an account that the site does not keep changes nothing.

std::vector<Yield> heard(const Context& context, SiteId site, const AccountKept& report);
std::vector<Yield> heard(const Context& context, SiteId site, const AccountNotKept& report);
std::vector<Yield> heard(const Context& context, SiteId site, const AccountFoundAltered& report);
Result<std::vector<Yield>> mend_accounts(const Context& context, const MendAccounts& command);

}  // namespace fabrica::jobs
