#pragma once

#include <string>
#include <variant>

#include "ledger/types.h"

namespace fabrica::ledger {

/// Opens a partition's capacity, pool and usage accounts, once, and moves `amount` from capacity to
/// pool. Sent again it adds capacity; a negative amount takes unawarded time back. Needs the
/// administrator.
struct AddCapacity {
  PartitionId partition;
  ComputeTime amount;
  std::string text;
};
FABRICA_DESCRIBE(AddCapacity, partition, amount, text)

/// Moves `amount` > 0 between two open accounts of one unit. Needs the administrator.
struct Transfer {
  AccountId from;
  AccountId to;
  ComputeTime amount;
  std::string text;
};
FABRICA_DESCRIBE(Transfer, from, to, amount, text)

/// Moves `amount` > 0 of one unit out and `rate` times as much of another unit in, rounded once
/// towards zero. Needs the administrator.
struct Exchange {
  AccountId from;
  AccountId to;
  ComputeTime amount;
  Rational rate;
  std::string text;
};
FABRICA_DESCRIBE(Exchange, from, to, amount, rate, text)

/// Corrects what `account` was charged: a positive amount gives back from the usage account, a
/// negative one charges more. A new entry; nothing is edited. Needs the operator of the partition's
/// site.
struct CorrectCharge {
  AccountId account;
  ComputeTime amount;
  std::uint64_t job = 0;
  std::string text;
};
FABRICA_DESCRIBE(CorrectCharge, account, amount, job, text)

using Command = std::variant<AddCapacity, Transfer, Exchange, CorrectCharge>;

}  // namespace fabrica::ledger
