// Server-sent events: the same events whatever the pieces, and each comes back after it was
// written. The first byte chooses the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "net/sse.h"

namespace {

using namespace fabrica::net;

std::vector<SseEvent> parsed(std::string_view wire, std::size_t piece) {
  SseParser parser(1024);
  std::vector<SseEvent> events;
  while (!wire.empty() && parser.push(wire.substr(0, piece))) {
    wire.remove_prefix(std::min(piece, wire.size()));
    while (auto event = parser.take()) events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string wire(bytes + 1, bytes + size);
  const std::vector<SseEvent> events = parsed(wire, 1 + bytes[0] % 16);
  if (wire.size() <= 1024) {
    CHECK(events == parsed(wire, wire.size()), "the pieces do not matter");
  }
  for (const SseEvent& event : events) {
    const bool empty_comment = event == SseEvent{};  // ":" alone; as an event it has data
    const std::vector<SseEvent> again = parsed(to_wire(event), 4096);
    if (to_wire(event).size() > 1024 || event.event.contains('\0') || empty_comment) continue;
    if (event.comment.contains('\0')) continue;
    CHECK(again.size() == 1 && again.front() == event, "an event comes back");
  }
  return 0;
}
