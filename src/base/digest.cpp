#include "base/digest.h"

#include <fmt/core.h>

namespace fabrica {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_string(Digest digest) {
  return fmt::format("{:016x}{:016x}", digest.high, digest.low);
}

std::string to_string(const Sha256& digest) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text(64, '0');
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(digest.bytes[i]);
    text[2 * i] = hex[byte >> 4U];
    text[2 * i + 1] = hex[byte & 15U];
  }
  return text;
}

bool parse_sha256(std::string_view text, Sha256& digest) {
  if (text.size() != 64) return false;
  Sha256 read;
  for (std::size_t i = 0; i < read.bytes.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    read.bytes[i] = static_cast<std::byte>(high * 16 + low);
  }
  digest = read;
  return true;
}

}  // namespace fabrica
