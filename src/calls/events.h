#pragma once

#include <variant>
#include <vector>

#include "base/shared.h"
#include "calls/types.h"
#include "ledger/events.h"

namespace fabrica::calls {

struct ModeRegistered {
  ModeId id;
  Shared<AccessMode> mode;
};
FABRICA_DESCRIBE(ModeRegistered, id, mode)

struct CallOpened {
  CallId id;
  Call call;
};
FABRICA_DESCRIBE(CallOpened, id, call)

struct ProposalSubmitted {
  ProposalId id;
  CallId call;
  ProjectId project;
  Application application;
  Time at;
};
FABRICA_DESCRIBE(ProposalSubmitted, id, call, project, application, at)

struct EligibilityChecked {
  ProposalId proposal;
  bool eligible = false;
  std::vector<Verdict> verdicts;
};
FABRICA_DESCRIBE(EligibilityChecked, proposal, eligible, verdicts)

struct ProposalAssessed {
  ProposalId proposal;
  bool suitable = false;
  std::vector<Verdict> verdicts;
};
FABRICA_DESCRIBE(ProposalAssessed, proposal, suitable, verdicts)

struct AwardGranted {
  AwardId id;
  ProposalId proposal;
  ProjectId project;
  PartitionId partition;
  AccountId account;
  ComputeTime amount;
  std::uint32_t months = 1;
  Time accept_until;
};
FABRICA_DESCRIBE(AwardGranted, id, proposal, project, partition, account, amount, months,
                 accept_until)

struct AwardAccepted {
  AwardId award;
  Time starts;
  Time ends;
};
FABRICA_DESCRIBE(AwardAccepted, award, starts, ends)

struct AwardDeclined {
  AwardId award;
};
FABRICA_DESCRIBE(AwardDeclined, award)

/// The offer was not answered in time.
struct AwardLapsed {
  AwardId award;
};
FABRICA_DESCRIBE(AwardLapsed, award)

/// The award's time is over; what is not held goes back to the pool now, the rest as its jobs end.
struct AwardExpired {
  AwardId award;
};
FABRICA_DESCRIBE(AwardExpired, award)

using Event = std::variant<ModeRegistered, CallOpened, ProposalSubmitted, EligibilityChecked,
                           ProposalAssessed, AwardGranted, AwardAccepted, AwardDeclined,
                           AwardLapsed, AwardExpired>;

/// What one of this area's decisions may yield: its own events and the ledger's.
using Outcome = std::variant<ledger::Event, Event>;

}  // namespace fabrica::calls
