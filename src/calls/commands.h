#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/shared.h"
#include "calls/types.h"

namespace fabrica::calls {

/// Keyed by slug, like the federation's Register commands. Refuses rules that no policy knows and
/// steps or sizes that could never be met. Needs the administrator.
struct RegisterMode {
  Shared<AccessMode> mode;
};
FABRICA_DESCRIBE(RegisterMode, mode)

/// Needs a call officer.
struct OpenCall {
  ModeId mode;
  std::string title;
  std::vector<PartitionId> partitions;
  Time closes = never;
};
FABRICA_DESCRIBE(OpenCall, mode, title, partitions, closes)

/// Needs the project's lead. The proposal is kept whatever the rules say: an ineligible one bears
/// every reason and goes no further.
struct SubmitProposal {
  CallId call;
  ProjectId project;
  Application application;
};
FABRICA_DESCRIBE(SubmitProposal, call, project, application)

/// Runs the machine's technical rules on an eligible proposal and adds the assessor's own word.
/// Needs the operator of the partition's site or a call officer.
struct AssessProposal {
  ProposalId proposal;
  bool suitable = true;
  std::string text;
};
FABRICA_DESCRIBE(AssessProposal, proposal, suitable, text)

/// Sets the hours aside and offers them. Needs a call officer; in a fifo call proposals for the
/// same partition are granted in the order of submission.
struct GrantAward {
  ProposalId proposal;
};
FABRICA_DESCRIBE(GrantAward, proposal)

/// Needs the project's lead.
struct AnswerAward {
  AwardId award;
  bool accept = true;
};
FABRICA_DESCRIBE(AnswerAward, award, accept)

using Command =
    std::variant<RegisterMode, OpenCall, SubmitProposal, AssessProposal, GrantAward, AnswerAward>;

}  // namespace fabrica::calls
