#include "sites/slurm/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "json/value.h"
#include "scratch.h"

namespace fabrica::sites::slurm {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string secret = "0123456789abcdef0123456789abcdef";

// Written against RFC 4648 and not with the code under test.
std::string decoded(std::string_view text) {
  std::string bytes;
  unsigned held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::size_t value = digits.find(c);
    EXPECT_NE(value, std::string::npos) << c;
    held = held << 6U | static_cast<unsigned>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(held >> bits & 0xFFU);
    }
  }
  return bytes;
}

struct Parts {
  json::Value header;
  json::Value claims;
  std::string signed_text;
  std::string signature;
};

Parts parts_of(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  Parts parts;
  parts.header = json::Value::parse(decoded(token.substr(0, first))).value();
  parts.claims = json::Value::parse(decoded(token.substr(first + 1, second - first - 1))).value();
  parts.signed_text = token.substr(0, second);
  parts.signature = decoded(token.substr(second + 1));
  return parts;
}

std::string hmac_of(const std::string& key, const std::string& text) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, sizeof mac,
            &size);
  return {reinterpret_cast<const char*>(mac), size};
}

std::string new_rsa_pem(unsigned bits) {
  EVP_PKEY* const key = EVP_RSA_gen(bits);
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(out);
  EVP_PKEY_free(key);
  return pem;
}

// The public key that a cluster would read out of the key set.
EVP_PKEY* public_key_of(const json::Value& key) {
  const std::string n = decoded(key.get("n").text());
  const std::string e = decoded(key.get("e").text());
  BIGNUM* const modulus = BN_bin2bn(reinterpret_cast<const unsigned char*>(n.data()),
                                    static_cast<int>(n.size()), nullptr);
  BIGNUM* const exponent = BN_bin2bn(reinterpret_cast<const unsigned char*>(e.data()),
                                     static_cast<int>(e.size()), nullptr);
  OSSL_PARAM_BLD* const build = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent);
  OSSL_PARAM* const parameters = OSSL_PARAM_BLD_to_param(build);
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(build);
  BN_free(modulus);
  BN_free(exponent);
  return made;
}

bool verifies(EVP_PKEY* key, const Parts& parts) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
  const int good = EVP_DigestVerify(
      context, reinterpret_cast<const unsigned char*>(parts.signature.data()),
      parts.signature.size(), reinterpret_cast<const unsigned char*>(parts.signed_text.data()),
      parts.signed_text.size());
  EVP_MD_CTX_free(context);
  return good == 1;
}

TEST(Token, OfASharedSecretIsWhatTheClusterWouldMake) {
  const Scratch scratch;
  const auto key = TokenKey::load(KeyKind::hs256, scratch.file("jwt.key", secret), "");
  const std::string token =
      key->sign("alice", Time{1'795'352'000'900}, Time{1'795'353'800'900}).value();
  const Parts parts = parts_of(token);
  EXPECT_EQ(parts.header.get("alg").text(), "HS256");
  EXPECT_EQ(parts.header.get("typ").text(), "JWT");
  EXPECT_EQ(parts.claims.get("iat").as_int(), 1'795'352'000);
  EXPECT_EQ(parts.claims.get("exp").as_int(), 1'795'353'800);
  EXPECT_EQ(parts.claims.get("sun").text(), "alice");
  EXPECT_EQ(parts.signature, hmac_of(secret, parts.signed_text));
  EXPECT_THAT(token, Not(HasSubstr("=")));
  EXPECT_FALSE(key->key_set().has_value());
}

TEST(Token, OfAPrivateKeyIsCheckedWithTheKeySet) {
  const Scratch scratch;
  const auto key =
      TokenKey::load(KeyKind::rs256, scratch.file("key.pem", new_rsa_pem(2048)), "broker-1");
  ASSERT_TRUE(key.has_value()) << key.error().text;
  const json::Value set = json::Value::parse(key->key_set().value()).value();
  const json::Value public_key = set.at("/keys/0");
  EXPECT_EQ(public_key.get("kid").text(), "broker-1");
  EXPECT_EQ(public_key.get("kty").text(), "RSA");
  EXPECT_EQ(public_key.get("alg").text(), "RS256");
  EXPECT_EQ(public_key.members().size(), 6U);  // and nothing of the private part

  Parts parts = parts_of(key->sign("bob", Time{1'000}, Time{2'000}).value());
  EXPECT_EQ(parts.header.get("alg").text(), "RS256");
  EXPECT_EQ(parts.header.get("kid").text(), "broker-1");
  EVP_PKEY* const theirs = public_key_of(public_key);
  EXPECT_TRUE(verifies(theirs, parts));
  parts.signed_text += "x";
  EXPECT_FALSE(verifies(theirs, parts));
  EVP_PKEY_free(theirs);
}

TEST(Token, KeysThatCannotBeAreRefusedWithoutShowingThem) {
  const Scratch scratch;
  const std::string open = scratch.file("open.key", secret);
  ASSERT_EQ(::chmod(open.c_str(), 0644), 0);
  const std::string rsa = scratch.file("rsa.pem", new_rsa_pem(2048));
  struct Row {
    KeyKind kind;
    std::string file;
    std::string key_id;
    std::string_view why;
  };
  const Row rows[] = {
      {KeyKind::hs256, scratch.path("none"), "", "cannot be read"},
      {KeyKind::hs256, scratch.path(""), "", "no regular file"},
      {KeyKind::hs256, open, "", "open to every user"},
      {KeyKind::hs256, scratch.file("short", secret.substr(0, 15)), "", "shorter than 16 bytes"},
      {KeyKind::hs256, scratch.file("long", std::string(4097, 's')), "", "longer than 4096 bytes"},
      {KeyKind::rs256, scratch.file("text.pem", secret), "a", "no RSA private key"},
      {KeyKind::rs256, scratch.file("small.pem", new_rsa_pem(1024)), "a", "has 1024 bits"},
      {KeyKind::rs256, rsa, "", "Name the key"},
      {KeyKind::rs256, rsa, "a b", "Name the key"},
  };
  for (const Row& row : rows) {
    const auto key = TokenKey::load(row.kind, row.file, row.key_id);
    ASSERT_FALSE(key.has_value()) << row.why;
    EXPECT_THAT(key.error().text, HasSubstr(row.why));
    EXPECT_THAT(key.error().text, Not(HasSubstr("0123456789")));
  }
}

TEST(Token, UsersAreNamedPlainly) {
  const Scratch scratch;
  const auto key = TokenKey::load(KeyKind::hs256, scratch.file("jwt.key", secret), "");
  for (const std::string user : {"alice", "a", "u_1.x-y", "x@site.org", "machine$"}) {
    EXPECT_TRUE(key->sign(user, Time{}, Time{1'000}).has_value()) << user;
  }
  const std::vector<std::string> strange{
      "", "-a", "a b", "a\r\nX: y", "\"", "é", std::string(65, 'a'), std::string("a\0b", 3)};
  for (const std::string& user : strange) {
    EXPECT_FALSE(key->sign(user, Time{}, Time{1'000}).has_value()) << user;
  }
}

TEST(Token, IsUsedAgainUntilNearItsEnd) {
  const Scratch scratch;
  TokenMint mint(TokenKey::load(KeyKind::hs256, scratch.file("jwt.key", secret), "").value(),
                 minutes(20));
  const Time start{1'795'352'000'000};
  const std::string first = mint.token("alice", start).value();
  EXPECT_EQ(mint.token("alice", start + minutes(14)).value(), first);
  EXPECT_NE(mint.token("bob", start).value(), first);
  const std::string second = mint.token("alice", start + minutes(15)).value();
  EXPECT_NE(second, first);
  EXPECT_EQ(parts_of(second).claims.get("exp").as_int(), (start + minutes(35)).ms / 1000);
  EXPECT_EQ(parts_of(second).claims.get("iat").as_int(), (start + minutes(14)).ms / 1000);
  mint.forget("alice");
  EXPECT_NE(mint.token("alice", start + minutes(16)).value(), second);
  // A clock that went back.
  EXPECT_EQ(parts_of(mint.token("alice", start - hours(5)).value()).claims.get("exp").as_int(),
            (start - hours(5) + minutes(20)).ms / 1000);
}

TEST(Token, LivesAMinuteToADay) {
  const Scratch scratch;
  const std::string file = scratch.file("jwt.key", secret);
  TokenMint brief(TokenKey::load(KeyKind::hs256, file, "").value(), milliseconds(1));
  EXPECT_EQ(parts_of(brief.token("a", Time{}).value()).claims.get("exp").as_int(), 60);
  TokenMint endless(TokenKey::load(KeyKind::hs256, file, "").value(), days(3'000));
  EXPECT_EQ(parts_of(endless.token("a", Time{}).value()).claims.get("exp").as_int(), 86'400);
}

}  // namespace
}  // namespace fabrica::sites::slurm
