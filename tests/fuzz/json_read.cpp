// Reads any text as a struct with every kind of member, and as any value. What is accepted must be
// written and read back equal; what is refused must say so in a sentence.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/read.h"
#include "json/write.h"
#include "support/json_sample.h"

namespace {

using fabrica::json::Missing;
using fabrica::json::Raw;
using fabrica::json_sample::Everything;

template <class T>
void check(std::string_view text, Missing missing) {
  const auto value = fabrica::json::read<T>(text, missing);
  if (!value) {
    CHECK(value.error().text.ends_with('.'), "a refusal is a sentence");
    CHECK(value.error().field.empty() || value.error().field.starts_with('/'), "a JSON pointer");
    const std::string told = fabrica::json::to_json(value.error().text);
    CHECK(fabrica::json::read<std::string>(told).value() == value.error().text, "UTF-8");
    return;
  }
  const std::string written = fabrica::json::to_json(*value);
  const auto again = fabrica::json::read<T>(written);
  CHECK(again.has_value(), "what was written is read");
  CHECK(*again == *value, "and is the same");
  CHECK(fabrica::json::to_json(*again) == written, "and is written the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check<Everything>(text, Missing::defaulted);
  check<Everything>(text, Missing::refused);
  check<Raw>(text, Missing::refused);
  return 0;
}
