#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace fabrica {

/// 128 bits that say whether two states are equal. For comparing, not for security: the log's own
/// chain is SHA-256 (store/).
struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend constexpr auto operator<=>(Digest, Digest) = default;
};

/// 32 lower-case hexadecimal digits.
std::string to_string(Digest digest);

/// Folds 64-bit words into two lanes by 128-bit multiplication. The result depends on the words and
/// their order alone, on every machine.
class Hasher {
 public:
  void add(std::uint64_t word) {
    first_ = fold(first_ ^ word, 0x9fb21c651e98df25U);
    second_ = fold(second_ + word, 0xd6e8feb86659fd93U) ^ first_;
    count_ += 1;
  }

  void add(std::span<const std::byte> bytes) {
    add(std::uint64_t{bytes.size()});
    while (bytes.size() >= 8) {
      add(load(bytes.first(8)));
      bytes = bytes.subspan(8);
    }
    if (!bytes.empty()) add(load(bytes));
  }

  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

  Digest finish() const {
    return {fold(first_ ^ count_, 0xa0761d6478bd642fU),
            fold(second_ ^ count_, 0xe7037ed1a0b428dbU)};
  }

 private:
  static constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a | 1U) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U) ^
           (a << 1U);
  }

  // Little-endian, short tails padded with zeros (the length was added before).
  static std::uint64_t load(std::span<const std::byte> bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      word |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return word;
  }

  std::uint64_t first_ = 0x243f6a8885a308d3U;
  std::uint64_t second_ = 0x13198a2e03707344U;
  std::uint64_t count_ = 0;
};

/// SHA-256 of a document or of a link in the log's chain, computed in store/.
struct Sha256 {
  std::array<std::byte, 32> bytes{};

  friend auto operator<=>(const Sha256&, const Sha256&) = default;
  explicit operator bool() const { return *this != Sha256{}; }
};

/// 64 lower-case hexadecimal digits.
std::string to_string(const Sha256& digest);

/// Reads 64 hexadecimal digits; false (and `digest` unchanged) on any other text.
bool parse_sha256(std::string_view text, Sha256& digest);

}  // namespace fabrica
