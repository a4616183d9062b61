#include "store/chain.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "base/check.h"

namespace fabrica::store {

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.bytes.data()),
                 nullptr, EVP_sha256(), nullptr);
  CHECK(done == 1, "SHA-256 is there");
  return digest;
}

void Chain::Free::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

// Fetched once: OpenSSL 3 otherwise looks for the algorithm at each use, under a lock.
Chain::Chain() : context_(EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr, "memory for SHA-256");
  EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(algorithm != nullptr, "SHA-256 is there");
  // The context keeps it alive.
  const int done = EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_.get()), algorithm, nullptr);
  EVP_MD_free(algorithm);
  CHECK(done == 1, "SHA-256 works");
}

Sha256 Chain::next(const Sha256& before, const Link& link) {
  // Fixed fields first, little-endian, then the lengths of the texts and the texts.
  std::array<unsigned char, 32 + 8 * 8> head{};
  std::memcpy(head.data(), before.bytes.data(), 32);
  const std::array<std::uint64_t, 8> words{
      link.seq.value, static_cast<std::uint64_t>(link.at.ms),   link.cause.high,  link.cause.low,
      link.actor,     static_cast<std::uint64_t>(link.version), link.type.size(), link.body.size()};
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t byte = 0; byte < 8; ++byte) {
      head[32 + i * 8 + byte] = static_cast<unsigned char>(words[i] >> (8 * byte));
    }
  }
  auto* context = static_cast<EVP_MD_CTX*>(context_.get());
  Sha256 digest;
  const bool done =
      EVP_DigestInit_ex2(context, nullptr, nullptr) == 1 &&
      EVP_DigestUpdate(context, head.data(), head.size()) == 1 &&
      EVP_DigestUpdate(context, link.type.data(), link.type.size()) == 1 &&
      EVP_DigestUpdate(context, link.body.data(), link.body.size()) == 1 &&
      EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.bytes.data()), nullptr) ==
          1;
  CHECK(done, "SHA-256 works");
  return digest;
}

}  // namespace fabrica::store
