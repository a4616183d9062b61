// Reads any text as the server's settings, strictly, and as a file of the consortium, with unknown
// keys passed over. What is refused must say so in a sentence that names the file; what is accepted
// must be the same when it is read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "config/consortium_rows.h"
#include "config/settings.h"
#include "config/toml.h"
#include "json/write.h"

namespace {

using fabrica::Result;
using namespace fabrica::config;
namespace json = fabrica::json;

Result<rows::ConsortiumFile> read_consortium_file(std::string_view text) {
  TRY(const TomlText toml, TomlText::parse("input.toml", text));
  return read_toml<rows::ConsortiumFile>(toml, json::Missing::refused, UnknownKeys::tolerated);
}

template <class T>
void check(const Result<T>& first, const Result<T>& second) {
  CHECK(first.has_value() == second.has_value(), "the same text is read the same way");
  if (first) {
    CHECK(json::to_json(*first) == json::to_json(*second), "to the same values");
    return;
  }
  const std::string& text = first.error().text;
  CHECK(text.starts_with("input.toml:"), "a refusal names the file");
  CHECK(text.size() < 4'000, "a refusal is short");
  CHECK(json::read<std::string>(json::to_json(text)).value() == text, "UTF-8");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check(parse_settings("input.toml", text), parse_settings("input.toml", text));
  check(read_consortium_file(text), read_consortium_file(text));
  return 0;
}
