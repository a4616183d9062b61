#pragma once

#include <string>
#include <string_view>

#include "cli/table.h"
#include "json/value.h"

namespace fabrica::cli {

/// The phase of a proposal or an award, in its colour.
Table::Cell phase_cell(std::string_view phase);

/// A proposal as people read it: what it asks for, each rule's answer with ✓ or ✗ and its reason,
/// and what comes next. `proposal` is a ProposalView.
std::string proposal_text(const json::Value& proposal, bool colour);

}  // namespace fabrica::cli
