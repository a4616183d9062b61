// Targets and base URLs: what is read comes back the same after it was written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(bytes, bytes + size);
  using namespace fabrica;
  if (const auto target = net::parse_target(text)) {
    for (const std::string& segment : target->path) {
      CHECK(segment != "." && segment != "..", "dot segments are refused");
      CHECK(segment.find('\0') == std::string::npos, "zero bytes are refused");
    }
    const auto again = net::parse_target(net::to_string(*target));
    CHECK(again && *again == *target, "a target comes back");
  }
  if (const auto url = net::parse_url(text)) {
    const auto again = net::parse_url(net::to_string(*url));
    CHECK(again && *again == *url, "a URL comes back");
  }
  CHECK(net::percent_decode(net::percent_encode(text)) == text, "encoded text comes back");
  return 0;
}
