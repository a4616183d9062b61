#include "sites/slurm/token.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "json/write.h"

namespace fabrica::sites::slurm {

namespace token_parts {

struct Hs256Header {
  std::string alg = "HS256";
  std::string typ = "JWT";
};
FABRICA_DESCRIBE(Hs256Header, alg, typ)

struct Rs256Header {
  std::string alg = "RS256";
  std::string kid;
  std::string typ = "JWT";
};
FABRICA_DESCRIBE(Rs256Header, alg, kid, typ)

struct Claims {
  std::int64_t exp = 0;
  std::int64_t iat = 0;
  std::string sun;
};
FABRICA_DESCRIBE(Claims, exp, iat, sun)

struct PublicKey {
  std::string alg = "RS256";
  std::string kid;
  std::string kty = "RSA";
  std::string use = "sig";
  std::string n;
  std::string e;
};
FABRICA_DESCRIBE(PublicKey, alg, kid, kty, use, n, e)

struct KeySet {
  std::vector<PublicKey> keys;
};
FABRICA_DESCRIBE(KeySet, keys)

}  // namespace token_parts

namespace {

constexpr std::size_t secret_bytes_min = 16;
constexpr std::size_t secret_bytes_max = 4'096;
constexpr std::size_t pem_bytes_max = std::size_t{64} * 1024;
constexpr int rsa_bits_min = 2'048;
constexpr int rsa_bits_max = 16'384;
constexpr std::size_t key_id_bytes_max = 200;
constexpr std::size_t user_bytes_max = 64;
constexpr std::size_t minted_max = 10'000;

// A cluster whose clock is behind ours would otherwise see tokens of the future.
constexpr Duration clock_skew = minutes(1);

bool is_word_character(char c, std::string_view more) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         more.contains(c);
}

// RFC 4648, section 5, without padding.
std::string base64_url(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = held << 8U | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text += digits[held >> (bits - 6) & 63U];
  }
  if (bits > 0) text += digits[held << (6 - bits) & 63U];
  return text;
}

std::unexpected<Refusal> bad_key(const std::filesystem::path& file, std::string_view why) {
  ERR_clear_error();
  return refuse(refusal::invalid, "key_file", fmt::format("The key {}: {}.", file.string(), why));
}

class KeyFile {
 public:
  explicit KeyFile(const std::filesystem::path& file)
      : number_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  ~KeyFile() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

Result<std::string> read_key(const std::filesystem::path& path, std::size_t bytes_max) {
  const KeyFile file(path);
  struct stat seen{};
  if (file.number() < 0 || ::fstat(file.number(), &seen) != 0) {
    return bad_key(path, fmt::format("cannot be read ({})", std::system_category().message(errno)));
  }
  if (!S_ISREG(seen.st_mode)) return bad_key(path, "is no regular file");
  if ((seen.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return bad_key(path, "is open to every user of this machine; take that right away (chmod o=)");
  }
  std::string bytes(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.number(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  if (size <= bytes_max) return bytes;
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return bad_key(path, fmt::format("is longer than {} bytes", bytes_max));
}

// No question on the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) { return 0; }

std::string number_text(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1, "an RSA key has its public numbers");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return base64_url(bytes);
}

}  // namespace

bool is_user_name(std::string_view text) {
  return !text.empty() && text.size() <= user_bytes_max && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_word_character(c, "._-@$+"); });
}

void TokenKey::FreeKey::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

TokenKey::~TokenKey() { wipe(); }

TokenKey::TokenKey(TokenKey&& other) noexcept = default;

TokenKey& TokenKey::operator=(TokenKey&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  kind_ = other.kind_;
  key_id_ = std::move(other.key_id_);
  secret_ = std::move(other.secret_);
  private_key_ = std::move(other.private_key_);
  return *this;
}

void TokenKey::wipe() {
  if (!secret_.empty()) OPENSSL_cleanse(secret_.data(), secret_.size());
  secret_.clear();
}

Result<TokenKey> TokenKey::load(KeyKind kind, const std::filesystem::path& file,
                                std::string key_id) {
  TokenKey key;
  key.kind_ = kind;
  key.key_id_ = std::move(key_id);
  if (kind == KeyKind::hs256) {
    TRY(std::string bytes, read_key(file, secret_bytes_max));
    key.secret_.assign(bytes.begin(), bytes.end());
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (key.secret_.size() < secret_bytes_min) {
      return bad_key(file, fmt::format("is shorter than {} bytes", secret_bytes_min));
    }
    return key;
  }
  if (key.key_id_.empty() || key.key_id_.size() > key_id_bytes_max ||
      !std::ranges::all_of(key.key_id_, [](char c) { return is_word_character(c, "._-"); })) {
    return refuse(refusal::invalid, "key_id",
                  fmt::format("Name the key by 1 to {} letters, digits and \"._-\", as the "
                              "cluster's key set does (kid).",
                              key_id_bytes_max));
  }
  TRY(std::string pem, read_key(file, pem_bytes_max));
  const Result<void> read = key.read_private_key(pem);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!read) return bad_key(file, read.error().text);
  return key;
}

Result<void> TokenKey::read_private_key(const std::string& pem) {
  BIO* const source = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  private_key_.reset(PEM_read_bio_PrivateKey(source, nullptr, no_password, nullptr));
  BIO_free(source);
  if (!private_key_ || EVP_PKEY_get_base_id(private_key_.get()) != EVP_PKEY_RSA) {
    return refuse(refusal::invalid, "", "is no RSA private key in PEM without a password");
  }
  const int bits = EVP_PKEY_get_bits(private_key_.get());
  if (bits < rsa_bits_min || bits > rsa_bits_max) {
    return refuse(refusal::invalid, "",
                  fmt::format("has {} bits, {} to {} are taken", bits, rsa_bits_min, rsa_bits_max));
  }
  return {};
}

std::string TokenKey::signature(std::string_view text) const {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (kind_ == KeyKind::hs256) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    const bool made = HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes,
                           text.size(), mac.data(), &size) != nullptr;
    return made ? std::string(reinterpret_cast<const char*>(mac.data()), size) : std::string();
  }
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  std::string signed_bytes(static_cast<std::size_t>(EVP_PKEY_get_size(private_key_.get())), '\0');
  std::size_t size = signed_bytes.size();
  const bool made =
      EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, private_key_.get()) == 1 &&
      EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signed_bytes.data()), &size, bytes,
                     text.size()) == 1;
  EVP_MD_CTX_free(context);
  signed_bytes.resize(made ? size : 0);
  return signed_bytes;
}

Result<std::string> TokenKey::sign(std::string_view user, Time issued, Time expires) const {
  if (!is_user_name(user)) {
    return refuse(refusal::invalid, "user",
                  fmt::format("A user of a cluster is named by 1 to {} letters, digits and "
                              "\"._-@$+\", not beginning with \"-\".",
                              user_bytes_max));
  }
  const std::string header = kind_ == KeyKind::hs256
                                 ? json::to_json(token_parts::Hs256Header{})
                                 : json::to_json(token_parts::Rs256Header{.kid = key_id_});
  const token_parts::Claims claims{
      .exp = expires.ms / 1000, .iat = issued.ms / 1000, .sun = std::string(user)};
  std::string token = base64_url(header) + "." + base64_url(json::to_json(claims));
  const std::string made = signature(token);
  if (made.empty()) {
    ERR_clear_error();
    return refuse(refusal::internal, "key_file",
                  "The key does not sign. Check that it is whole, or make a new one.");
  }
  return token + "." + base64_url(made);
}

Result<std::string> TokenKey::key_set() const {
  if (kind_ != KeyKind::rs256) {
    return refuse(refusal::invalid, "key_file",
                  "A shared secret has no public part. Use an RSA key, or copy the secret to the "
                  "cluster yourself.");
  }
  token_parts::KeySet set;
  set.keys.push_back({.kid = key_id_,
                      .n = number_text(private_key_.get(), OSSL_PKEY_PARAM_RSA_N),
                      .e = number_text(private_key_.get(), OSSL_PKEY_PARAM_RSA_E)});
  return json::to_json(set);
}

TokenMint::TokenMint(TokenKey key, Duration life)
    : key_(std::move(key)), life_(std::clamp(life, minutes(1), days(1))) {}

Result<std::string> TokenMint::token(const std::string& user, Time now) {
  const std::scoped_lock lock(mutex_);
  const auto known = minted_.find(user);
  // A clock that was set back would otherwise keep a token beyond its life.
  if (known != minted_.end() && now >= known->second.issued && now < known->second.renewed) {
    return known->second.token;
  }
  TRY(std::string token, key_.sign(user, now - clock_skew, now + life_));
  if (minted_.size() >= minted_max) minted_.clear();
  minted_[user] = {.token = token, .issued = now, .renewed = now + milliseconds(life_.ms / 4 * 3)};
  return token;
}

Result<std::string> TokenMint::lasting_token(const std::string& user, Time now) const {
  return key_.sign(user, now - clock_skew, now + days(2));
}

void TokenMint::forget(const std::string& user) {
  const std::scoped_lock lock(mutex_);
  minted_.erase(user);
}

}  // namespace fabrica::sites::slurm
