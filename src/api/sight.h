#pragma once

#include <vector>

#include "api/call.h"
#include "store/reader.h"

namespace fabrica::api {

/// What a person may see beyond their own projects, from their roles.
struct Sight {
  bool administrator = false;
  bool officer = false;
  bool auditor = false;
  std::vector<federation::SiteId> operates;  // only with the role of a site operator

  /// Administrators, auditors and call officers see everybody's things.
  bool all() const { return administrator || officer || auditor; }
};

Sight sight_of(const Call& call, store::Reader& reader);

/// Refused with forbidden unless the caller is an administrator or an auditor.
Answer<void> need_auditor(const Call& call, store::Reader& reader);

// Who is not refused may see the thing. The refusal is the same as for a thing that is not there.
Answer<void> need_project(const Call& call, store::Reader& reader, federation::ProjectId project);
Answer<store::JobView> visible_job(const Call& call, store::Reader& reader, jobs::JobId id);
Answer<store::AccountView> visible_account(const Call& call, store::Reader& reader,
                                           ledger::AccountId id);
Answer<store::ProposalView> visible_proposal(const Call& call, store::Reader& reader,
                                             calls::ProposalId id);
Answer<store::AwardView> visible_award(const Call& call, store::Reader& reader, calls::AwardId id);

/// True when the caller operates the site of this slug.
bool operates_site(const Call& call, const Sight& sight, const std::string& slug);

}  // namespace fabrica::api
