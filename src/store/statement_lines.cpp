#include "store/statement_lines.h"

#include "base/archive.h"
#include "base/check.h"
#include "store/read_tables.h"
#include "store/sqlite_log.h"

/// The part of the read tables that follows the ledger: one line for each account that an entry
/// touches.
namespace fabrica::store {

namespace {

constexpr unsigned seq_bits = 6;   // of an event within its row
constexpr unsigned row_bits = 38;  // of a row within its account
constexpr std::uint64_t mask(unsigned bits) { return (std::uint64_t{1} << bits) - 1; }

}  // namespace

std::uint64_t row_of(ledger::AccountId account, Seq seq) {
  const std::uint64_t row = seq.value >> seq_bits;
  CHECK(row <= mask(row_bits) && account.value <= mask(63 - row_bits),
        "accounts and events that a key can name");
  return account.value << row_bits | row;
}

void pack_line(std::string& packed, const NewLine& line) {
  BinaryWriter writer(packed);
  writer.number(line.seq.value & mask(seq_bits));
  archive(writer, line.at);
  writer.number(static_cast<std::uint64_t>(line.kind));
  writer.number(line.job);
  archive(writer, line.amount);
  archive(writer, line.balance);
  archive(writer, line.held);
  writer.text(line.text);
}

std::vector<LineView> unpack_lines(std::string_view packed, std::uint64_t row) {
  std::vector<LineView> lines;
  BinaryReader reader(packed);
  while (reader.ok() && reader.left() > 0) {
    LineView line;
    std::uint64_t place = 0;
    reader.number(place);
    archive(reader, line.at);
    LineKind kind{};
    archive(reader, kind);
    line.kind = name_of(kind);
    std::uint64_t job = 0;
    reader.number(job);
    if (job != 0) line.job = jobs::JobId{job};
    archive(reader, line.amount);
    archive(reader, line.balance);
    archive(reader, line.held);
    reader.text(line.text);
    line.seq = Seq{(row & mask(row_bits)) << seq_bits | place};
    line.available = line.balance - line.held;
    lines.push_back(std::move(line));
  }
  if (!reader.ok())
    throw LogDamaged("The read tables hold a statement that is none; make them anew from the log.");
  return lines;
}

void ReadTables::line(const Recorded& recorded, ledger::AccountId account, LineKind kind,
                      std::uint64_t job, ComputeTime amount, ComputeTime to_balance,
                      ComputeTime to_held, std::string_view text) {
  Balance& balance = balances_[account];
  balance.balance += to_balance;
  balance.held += to_held;
  accounts_.insert(account);
  pack_line(lines_[row_of(account, recorded.seq)],
            {recorded.seq, recorded.at, kind, job, amount, balance.balance, balance.held, text});
}

void ReadTables::flush_lines() {
  for (const auto& [row, packed] : lines_)
    put_lines_.bind(1, row).bind(2, std::as_bytes(std::span(packed))).run();
  lines_.clear();
}

void ReadTables::note(const Recorded& recorded, const ledger::Event& event) {
  using namespace ledger;
  struct Noting {
    ReadTables& to;
    const Recorded& recorded;

    void operator()(const AccountOpened& one) const {
      to.balances_[one.id] = {};
      to.accounts_.insert(one.id);
      if (one.kind == AccountKind::pool) to.partitions_.insert(one.partition);
    }
    void operator()(const AccountUnlocked& one) const { to.accounts_.insert(one.account); }
    void operator()(const AccountClosed& one) const { to.accounts_.insert(one.account); }
    void operator()(const Transferred& one) const {
      to.line(recorded, one.from, LineKind::transfer_out, 0, one.amount, -one.amount, {}, one.text);
      to.line(recorded, one.to, LineKind::transfer_in, 0, one.amount, one.amount, {}, one.text);
    }
    void operator()(const Exchanged& one) const {
      to.line(recorded, one.from, LineKind::exchange_out, 0, one.amount_out, -one.amount_out, {},
              one.text);
      to.line(recorded, one.to, LineKind::exchange_in, 0, one.amount_in, one.amount_in, {},
              one.text);
      to.line(recorded, one.bridge_out, LineKind::exchange_in, 0, one.amount_out, one.amount_out,
              {}, one.text);
      to.line(recorded, one.bridge_in, LineKind::exchange_out, 0, one.amount_in, -one.amount_in, {},
              one.text);
    }
    void operator()(const HoldPlaced& one) const {
      to.line(recorded, one.account, LineKind::hold, one.hold.value, one.amount, {}, one.amount,
              "");
    }
    void operator()(const HoldExtended& one) const {
      to.line(recorded, one.account, LineKind::hold, one.hold.value, one.amount, {}, one.amount,
              "");
    }
    void operator()(const UsageCharged& one) const {
      to.charge_run(one);
      to.line(recorded, one.account, LineKind::charge, one.hold.value, one.amount, -one.amount,
              -one.amount, "");
      to.line(recorded, one.usage, LineKind::charge, one.hold.value, one.amount, one.amount, {},
              "");
    }
    void operator()(const HoldReleased& one) const {
      to.line(recorded, one.account, LineKind::release, one.hold.value, one.amount, {}, -one.amount,
              "");
    }
    void operator()(const ChargeCorrected& one) const {
      to.correct_run(recorded, one);
      to.line(recorded, one.account, LineKind::correction, one.job, one.amount, one.amount, {},
              one.text);
      to.line(recorded, one.usage, LineKind::correction, one.job, one.amount, -one.amount, {},
              one.text);
    }
  };
  std::visit(Noting{*this, recorded}, event);
}

}  // namespace fabrica::store
