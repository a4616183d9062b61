// Reads any bytes as a struct with every kind of member. What is accepted has one form only:
// written again, it gives the same bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/archive.h"
#include "base/check.h"
#include "support/archive_sample.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using fabrica::archive_sample::Archived;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto value = fabrica::from_bytes<Archived>(text);
  if (!value) return 0;
  CHECK(fabrica::to_bytes(*value) == text, "equal values have equal bytes");
  const auto again = fabrica::from_bytes<Archived>(text);
  CHECK(again == value, "equal bytes are equal values");
  CHECK(fabrica::digest_of(*again) == fabrica::digest_of(*value), "with equal digests");
  return 0;
}
