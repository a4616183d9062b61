#pragma once

#include <cstddef>
#include <string_view>

namespace fabrica {

/// The first character of a text, or its first ill-formed part.
struct Utf8 {
  std::size_t size = 1;  ///< in bytes, at least 1
  bool valid = false;
};

/// Looks at the start of `text`, which must not be empty. Surrogates, overlong forms and values
/// above U+10FFFF are ill-formed. An ill-formed part is as long as a proper start of a character
/// (Unicode 15, section 3.9, "substitution of maximal subparts").
inline Utf8 decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < size; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

/// The longest start of `text` of at most `bytes_max` bytes that ends between characters.
inline std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U)
    --bytes_max;
  return text.substr(0, bytes_max);
}

/// True when all of `text` is UTF-8. Texts in the log are: JSON has no form for anything else.
inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8 next = decode_utf8(text);
    if (!next.valid) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

}  // namespace fabrica
