#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/digest.h"
#include "base/id.h"
#include "base/time.h"

namespace fabrica::store {

Sha256 sha256(std::string_view bytes);

/// An event as it stands in its row, for the chain.
struct Link {
  Seq seq;
  Time at;
  CommandId cause;
  std::uint64_t actor = 0;
  std::string_view type;
  std::int64_t version = 1;
  std::string_view body;
};

/// Binds each event to all before it: chain(n) = SHA-256(chain(n-1), all of event n). Whoever
/// changes, drops or reorders an event changes every later link.
class Chain {
 public:
  Chain();
  Sha256 next(const Sha256& before, const Link& link);

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace fabrica::store
