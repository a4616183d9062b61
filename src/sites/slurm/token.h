#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"
#include "base/time.h"

/// The JSON web tokens (RFC 7519) that a slurmrestd with auth/jwt asks for. No key and no token is
/// ever part of a refusal.
namespace fabrica::sites::slurm {

/// How tokens are signed. hs256: with the cluster's own secret, its jwt_key file. rs256: with a
/// private key that stays here; the cluster gets the public one, as its jwks file.
enum class KeyKind : std::uint8_t { hs256, rs256 };
FABRICA_DESCRIBE_ENUM(KeyKind, hs256, rs256)

/// Signs tokens. Const members may be called from several threads at once.
class TokenKey {
 public:
  /// hs256: the file is the secret, byte for byte, 16 to 4096 of them. rs256: PEM with an RSA
  /// private key of 2048 to 16384 bits, and `key_id` is its `kid` in the cluster's key set:
  /// letters, digits and "._-", at most 200. Refused also when any user of this machine may read
  /// the file.
  static Result<TokenKey> load(KeyKind kind, const std::filesystem::path& file, std::string key_id);

  ~TokenKey();
  TokenKey(TokenKey&& other) noexcept;
  TokenKey& operator=(TokenKey&& other) noexcept;

  /// A token for `user`, as Slurm's own `scontrol token` makes them: claims exp, iat and sun, in
  /// whole seconds. Refuses what can be no user's name.
  Result<std::string> sign(std::string_view user, Time issued, Time expires) const;

  /// The public key as a key set document (RFC 7517) for the cluster's jwks file. Refused for
  /// hs256, which has none.
  Result<std::string> key_set() const;

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const;
  };

  TokenKey() = default;
  Result<void> read_private_key(const std::string& pem);
  void wipe();
  std::string signature(std::string_view text) const;

  KeyKind kind_ = KeyKind::hs256;
  std::string key_id_;
  std::vector<unsigned char> secret_;  // whose moves leave no copy behind
  std::unique_ptr<EVP_PKEY, FreeKey> private_key_;
};

/// Tokens of several users, each used again until a quarter of its life is left. For any thread.
class TokenMint {
 public:
  /// `life` is kept within a minute and a day.
  TokenMint(TokenKey key, Duration life);

  Result<std::string> token(const std::string& user, Time now);

  /// One that is good for two days, to find out whether the others expire too early for a cluster.
  Result<std::string> lasting_token(const std::string& user, Time now) const;

  /// The next token of this user is a new one: the old one may be the reason of a refusal.
  void forget(const std::string& user);

 private:
  struct Minted {
    std::string token;
    Time issued;
    Time renewed;  // from then on a new one is made
  };

  TokenKey key_;
  Duration life_;
  std::mutex mutex_;
  std::map<std::string, Minted> minted_;
};

/// Whether this can be a user's name on a cluster: 1 to 64 letters, digits and "._-@$+", and no "-"
/// at the front.
bool is_user_name(std::string_view text);

}  // namespace fabrica::sites::slurm
