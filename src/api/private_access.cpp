#include "api/private_access.h"

#include "base/check.h"
#include "store/chain.h"

namespace fabrica::api {

namespace {

// What a token of ours looks like: "fab_" and 64 hexadecimal digits. Longer texts are not hashed.
constexpr std::string_view token_start = "fab_";
constexpr std::size_t secret_bytes = 68;
constexpr std::size_t remembered_max = 10'000;

}  // namespace

std::optional<store::TokenView> PrivateAccess::find_token(std::string_view token, Time now) {
  if (token.size() != secret_bytes || !token.starts_with(token_start)) return std::nullopt;
  const Sha256 hash = store::sha256(token);
  const std::lock_guard lock(mutex_);
  const auto known = lately_.find(hash);
  if (known != lately_.end() && now < known->second.until) {
    if (known->second.view.expires <= now) return std::nullopt;
    return known->second.view;
  }
  std::optional<store::TokenView> found = store_.find_token(token, now);
  if (!found) {
    lately_.erase(hash);
    return std::nullopt;
  }
  if (lately_.size() >= remembered_max) lately_.clear();
  lately_.insert_or_assign(hash, Remembered{*found, now + remembered});
  return found;
}

PrivateAccess::Minted PrivateAccess::mint_token(federation::PersonId person, std::string_view label,
                                                bool read_only, Time now, Time expires) {
  const std::lock_guard lock(mutex_);
  std::string token = store_.mint_token(person, label, read_only, now, expires);
  const std::optional<store::TokenView> view = store_.find_token(token, now);
  CHECK(view.has_value(), "a token that was just minted is known");
  return {*view, std::move(token)};
}

std::vector<store::TokenView> PrivateAccess::tokens_of(federation::PersonId person) {
  const std::lock_guard lock(mutex_);
  return store_.tokens_of(person);
}

std::optional<store::TokenView> PrivateAccess::token(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  return store_.token(id);
}

bool PrivateAccess::revoke_token(federation::PersonId person, std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(lately_, [&](const auto& entry) { return entry.second.view.id == id; });
  return store_.revoke_token(person, id);
}

void PrivateAccess::put_person(federation::PersonId person, const store::PersonalData& about) {
  const std::lock_guard lock(mutex_);
  store_.put_person(person, about);
}

std::optional<store::PersonalData> PrivateAccess::person(federation::PersonId person) {
  const std::lock_guard lock(mutex_);
  return store_.person(person);
}

void PrivateAccess::erase_person(federation::PersonId person) {
  const std::lock_guard lock(mutex_);
  store_.erase_person(person);
}

}  // namespace fabrica::api
