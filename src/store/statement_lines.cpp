#include "store/read_tables.h"

/// The part of the read tables that follows the ledger: one line for each account that an entry
/// touches.
namespace fabrica::store {

void ReadTables::line(const Recorded& recorded, ledger::AccountId account, const char* kind,
                      std::uint64_t job, ComputeTime amount, ComputeTime to_balance,
                      ComputeTime to_held, std::string_view text) {
  Balance& balance = balances_[account];
  balance.balance += to_balance;
  balance.held += to_held;
  accounts_.insert(account);
  put_line_.bind(1, account.value)
      .bind(2, recorded.seq.value)
      .bind(3, recorded.at.ms)
      .bind(4, kind)
      .bind(5, job)
      .bind(6, amount.unit_ms())
      .bind(7, balance.balance.unit_ms())
      .bind(8, balance.held.unit_ms())
      .bind(9, text)
      .run();
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
      to.line(recorded, one.from, "transfer_out", 0, one.amount, -one.amount, {}, one.text);
      to.line(recorded, one.to, "transfer_in", 0, one.amount, one.amount, {}, one.text);
    }
    void operator()(const Exchanged& one) const {
      to.line(recorded, one.from, "exchange_out", 0, one.amount_out, -one.amount_out, {}, one.text);
      to.line(recorded, one.to, "exchange_in", 0, one.amount_in, one.amount_in, {}, one.text);
      to.line(recorded, one.bridge_out, "exchange_in", 0, one.amount_out, one.amount_out, {},
              one.text);
      to.line(recorded, one.bridge_in, "exchange_out", 0, one.amount_in, -one.amount_in, {},
              one.text);
    }
    void operator()(const HoldPlaced& one) const {
      to.line(recorded, one.account, "hold", one.hold.value, one.amount, {}, one.amount, "");
    }
    void operator()(const UsageCharged& one) const {
      to.line(recorded, one.account, "charge", one.hold.value, one.amount, -one.amount, -one.amount,
              "");
      to.line(recorded, one.usage, "charge", one.hold.value, one.amount, one.amount, {}, "");
    }
    void operator()(const HoldReleased& one) const {
      to.line(recorded, one.account, "release", one.hold.value, one.amount, {}, -one.amount, "");
    }
    void operator()(const ChargeCorrected& one) const {
      to.line(recorded, one.account, "correction", one.job, one.amount, one.amount, {}, one.text);
      to.line(recorded, one.usage, "correction", one.job, one.amount, -one.amount, {}, one.text);
    }
  };
  std::visit(Noting{*this, recorded}, event);
}

}  // namespace fabrica::store
