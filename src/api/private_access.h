#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/time.h"
#include "store/private_store.h"

namespace fabrica::api {

/// Tokens and personal data for all threads: one PrivateStore behind a lock, and before it a small
/// memory of the tokens that were seen lately, so that a request costs no query.
class PrivateAccess {
 public:
  explicit PrivateAccess(const std::filesystem::path& directory) : store_(directory) {}

  /// The token's row when it is known, in force at `now` and not revoked. A token that another
  /// process revoked is taken for at most `remembered` longer.
  std::optional<store::TokenView> find_token(std::string_view token, Time now);

  struct Minted {
    store::TokenView view;
    std::string token;
  };
  Minted mint_token(federation::PersonId person, std::string_view label, bool read_only, Time now,
                    Time expires);
  std::vector<store::TokenView> tokens_of(federation::PersonId person);
  std::optional<store::TokenView> token(std::uint64_t id);
  bool revoke_token(federation::PersonId person, std::uint64_t id);

  void put_person(federation::PersonId person, const store::PersonalData& about);
  std::optional<store::PersonalData> person(federation::PersonId person);
  void erase_person(federation::PersonId person);

  static constexpr Duration remembered = seconds(5);

 private:
  struct Remembered {
    store::TokenView view;
    Time until;
  };

  std::mutex mutex_;
  store::PrivateStore store_;
  std::map<Sha256, Remembered> lately_;
};

}  // namespace fabrica::api
