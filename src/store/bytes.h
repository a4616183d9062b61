#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/digest.h"
#include "base/id.h"

/// How hashes and 128-bit ids stand in blobs: as they are, and with the high byte first.
namespace fabrica::store {

using Bytes16 = std::array<std::byte, 16>;

inline Bytes16 bytes_of(std::uint64_t high, std::uint64_t low) {
  Bytes16 bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::byte>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::byte>(low >> (56 - 8 * i));
  }
  return bytes;
}

/// The word in the first eight bytes, which must be there.
inline std::uint64_t word_at(std::span<const std::byte> bytes) {
  std::uint64_t word = 0;
  for (const std::byte byte : bytes.first(8))
    word = word << 8U | std::to_integer<std::uint64_t>(byte);
  return word;
}

/// None for a blob of another size, such as NULL.
inline CommandId command_id_from(std::span<const std::byte> bytes) {
  if (bytes.size() != 16) return {};
  return {word_at(bytes), word_at(bytes.subspan(8))};
}

/// All zero for a blob of another size.
inline Sha256 sha_from(std::span<const std::byte> bytes) {
  Sha256 hash;
  if (bytes.size() == hash.bytes.size()) std::memcpy(hash.bytes.data(), bytes.data(), bytes.size());
  return hash;
}

}  // namespace fabrica::store
