#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "store/views.h"

/// The lines of a statement as the read tables hold them: packed, those of one account and of 64
/// neighbouring events in one row. A transfer would otherwise cost two rows beside its event.
namespace fabrica::store {

enum class LineKind : std::uint8_t {
  transfer_out,
  transfer_in,
  exchange_out,
  exchange_in,
  hold,
  charge,
  release,
  correction,
};
FABRICA_DESCRIBE_ENUM(LineKind, transfer_out, transfer_in, exchange_out, exchange_in, hold, charge,
                      release, correction)

/// The key of the row that the line of this event in this account is in: the rows of an account are
/// neighbours, in the order of events. Ends the process on the 33-millionth account.
std::uint64_t row_of(ledger::AccountId account, Seq seq);

/// A line that is to be packed, with texts of somebody else's.
struct NewLine {
  Seq seq;
  Time at;
  LineKind kind = LineKind::hold;
  std::uint64_t job = 0;  // zero: none
  ComputeTime amount;
  ComputeTime balance;
  ComputeTime held;
  std::string_view text;
};

/// Appends a line to those of its row.
void pack_line(std::string& packed, const NewLine& line);

/// The lines of one row, oldest first. Throws LogDamaged when the bytes are no lines.
std::vector<LineView> unpack_lines(std::string_view packed, std::uint64_t row);

}  // namespace fabrica::store
