#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/digest.h"
#include "base/table.h"
#include "federation/types.h"
#include "ledger/types.h"

/// Calls, proposals and awards. An access mode is data: who may apply, for how much, for how long,
/// and by which steps; a call opens a mode for some partitions; a proposal answers a call; an award
/// moves compute time from a partition's pool to the project.
namespace fabrica::calls {

using federation::OrganisationId;
using federation::PartitionId;
using federation::PersonId;
using federation::ProjectId;
using ledger::AccountId;

struct ModeTag {
  static constexpr std::string_view prefix = "mode";
};
struct CallTag {
  static constexpr std::string_view prefix = "call";
};
struct ProposalTag {
  static constexpr std::string_view prefix = "proposal";
};
struct AwardTag {
  static constexpr std::string_view prefix = "award";
};
using ModeId = Id<ModeTag>;
using CallId = Id<CallTag>;
using ProposalId = Id<ProposalTag>;
using AwardId = Id<AwardTag>;

/// fifo: always open, granted in the order of submission without competition. cut_off: collected
/// until a date and ranked.
enum class Selection : std::uint8_t { fifo, cut_off };
FABRICA_DESCRIBE_ENUM(Selection, fifo, cut_off)

/// What a proposal passes through before an award, in this order.
enum class Step : std::uint8_t { eligibility, technical_check, peer_review, ranking };
FABRICA_DESCRIBE_ENUM(Step, eligibility, technical_check, peer_review, ranking)

/// One use of a named eligibility rule (policies/) with its parameters, and the sentence an
/// applicant reads when it fails.
struct RuleUse {
  std::string rule;
  std::vector<std::string> any_of;
  std::string reason;

  friend bool operator==(const RuleUse&, const RuleUse&) = default;
};
FABRICA_DESCRIBE(RuleUse, rule, any_of, reason)

/// How much one proposal may ask for in a partition billed in `unit`, both ends included; a fixed
/// package has equal ends. `approximate`: the source says "about", so the range informs and refuses
/// nobody.
struct SizeRange {
  Unit unit = Unit::gpu;
  ComputeTime min;
  ComputeTime max;
  bool approximate = false;

  friend bool operator==(const SizeRange&, const SizeRange&) = default;
};
FABRICA_DESCRIBE(SizeRange, unit, min, max, approximate)

struct AccessMode {
  std::string slug;
  std::string name;
  Selection selection = Selection::fifo;
  std::vector<Step> steps;
  std::vector<RuleUse> eligibility;
  std::vector<SizeRange> sizes;       // at most one a unit; empty: not known
  std::vector<std::uint32_t> months;  // durations to choose from
  std::uint32_t working_days_to_access = 0;
  std::uint32_t days_to_accept = 14;
  std::string source;
  std::string date;

  friend bool operator==(const AccessMode&, const AccessMode&) = default;
};
FABRICA_DESCRIBE(AccessMode, slug, name, selection, steps, eligibility, sizes, months,
                 working_days_to_access, days_to_accept, source, date)

/// The mode's range for partitions billed in `unit`; null when it states none.
const SizeRange* size_in(const AccessMode& mode, Unit unit);

struct Call {
  ModeId mode;
  std::string title;
  std::vector<PartitionId> partitions;  // ascending
  Time opens;
  Time closes = never;
};
FABRICA_DESCRIBE(Call, mode, title, partitions, opens, closes)

/// What an applicant asks for. The text of the proposal is a document, kept outside the log by its
/// hash.
struct Application {
  std::string title;
  PartitionId partition;
  ComputeTime amount;
  std::uint32_t months = 1;
  std::uint32_t gpus_per_job = 0;
  std::uint32_t nodes_per_job = 1;
  bool civil_use = false;
  bool open_research = false;
  Sha256 document;
};
FABRICA_DESCRIBE(Application, title, partition, amount, months, gpus_per_job, nodes_per_job,
                 civil_use, open_research, document)

/// One rule's answer. `reason` says why, also when it passed.
struct Verdict {
  std::string rule;
  bool passed = false;
  std::string reason;
};
FABRICA_DESCRIBE(Verdict, rule, passed, reason)

enum class ProposalPhase : std::uint8_t {
  submitted,
  ineligible,
  eligible,
  unsuitable,
  suitable,
  granted
};
FABRICA_DESCRIBE_ENUM(ProposalPhase, submitted, ineligible, eligible, unsuitable, suitable, granted)

struct Proposal {
  CallId call;
  ProjectId project;
  Application application;
  ProposalPhase phase = ProposalPhase::submitted;
  std::vector<Verdict> eligibility;
  std::vector<Verdict> technical;
  Time submitted_at;
};
FABRICA_DESCRIBE(Proposal, call, project, application, phase, eligibility, technical, submitted_at)

/// offered: hours are set aside, the applicant has until `accept_until`; active until `ends`.
enum class AwardPhase : std::uint8_t { offered, active, declined, lapsed, expired };
FABRICA_DESCRIBE_ENUM(AwardPhase, offered, active, declined, lapsed, expired)

struct Award {
  ProposalId proposal;
  ProjectId project;
  PartitionId partition;
  AccountId account;
  ComputeTime amount;
  std::uint32_t months = 1;
  AwardPhase phase = AwardPhase::offered;
  Time accept_until;
  Time starts;
  Time ends;
};
FABRICA_DESCRIBE(Award, proposal, project, partition, account, amount, months, phase, accept_until,
                 starts, ends)

struct State {
  Table<ModeId, AccessMode> modes;
  std::map<std::string, ModeId> mode_by_slug;
  Table<CallId, Call> calls;
  Table<ProposalId, Proposal> proposals;
  Table<AwardId, Award> awards;
  std::map<CallId, std::vector<ProposalId>>
      waiting;                                   // eligible or suitable, in the order of submission
  std::set<std::pair<Time, AwardId>> deadlines;  // offers that lapse, awards that end
  std::uint64_t last_mode = 0;
  std::uint64_t last_call = 0;
  std::uint64_t last_proposal = 0;
  std::uint64_t last_award = 0;
};
FABRICA_DESCRIBE(State, modes, mode_by_slug, calls, proposals, awards, waiting, deadlines,
                 last_mode, last_call, last_proposal, last_award)

}  // namespace fabrica::calls
