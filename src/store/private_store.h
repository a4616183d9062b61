#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "federation/types.h"
#include "store/sqlite.h"

namespace fabrica::store {

/// What a person told us about themselves. Erasable: events hold the person's id only.
struct PersonalData {
  std::string name;
  std::string email;
};
FABRICA_DESCRIBE(PersonalData, name, email)

/// A bearer token as its owner may list it; the token itself is kept nowhere, only its SHA-256.
struct TokenView {
  std::uint64_t id = 0;
  federation::PersonId person;
  std::string label;
  bool read_only = false;
  Time created;
  Time expires;
};
FABRICA_DESCRIBE(TokenView, id, person, label, read_only, created, expires)

/// Personal data and tokens, in `private.db` beside the log, mode 0600: a copy of the log holds no
/// secret and no name. One connection; for one thread at a time.
class PrivateStore {
 public:
  explicit PrivateStore(const std::filesystem::path& directory);

  void put_person(federation::PersonId person, const PersonalData& about);
  std::optional<PersonalData> person(federation::PersonId person);
  /// Erases name and address; what the log says of the number stays.
  void erase_person(federation::PersonId person);

  /// Mints a token of 256 random bits for the person and returns its text, which is shown once.
  std::string mint_token(federation::PersonId person, std::string_view label, bool read_only,
                         Time now, Time expires);
  /// The token's row when it is known and not expired at `now`.
  std::optional<TokenView> find_token(std::string_view token, Time now);
  std::vector<TokenView> tokens_of(federation::PersonId person);
  /// By its number, also when it is expired.
  std::optional<TokenView> token(std::uint64_t id);
  /// False when the person has no such token.
  bool revoke_token(federation::PersonId person, std::uint64_t id);
  bool has_tokens();

 private:
  Database database_;
  Statement find_token_;
};

}  // namespace fabrica::store
