// A request's head and chunked body: no bytes break the reader, and how they are cut into pieces
// changes nothing. The first byte chooses the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/body_reader.h"
#include "net/message_head.h"

namespace {

using namespace fabrica::net;

constexpr std::size_t head_bytes_max = 512;
constexpr std::uint64_t body_bytes_max = 256;

// All that matters of what was read.
std::string read(std::string_view wire, std::size_t piece) {
  RequestHead head(head_bytes_max);
  std::string pending;
  while (head.state() == HeadState::more && !wire.empty()) {
    pending += wire.substr(0, piece);
    wire.remove_prefix(std::min(piece, wire.size()));
    pending.erase(0, head.read(pending));
  }
  if (head.state() == HeadState::more) return "more";
  if (head.state() == HeadState::refused) return "refused";
  pending += wire;
  std::string text = to_string({.path = head.request().path, .query = head.request().query});
  text += to_string(head.request().method);
  for (std::size_t i = 0; i < head.request().headers.size(); ++i) {
    text += head.request().headers[i].name;
    text += head.request().headers[i].value;
  }
  if (!head.framing().chunked) return text;
  BodyReader body = BodyReader::of_chunks(body_bytes_max);
  std::string_view rest = pending;
  std::string collected;
  while (body.state() == BodyReader::State::more && !rest.empty()) {
    const BodyReader::Step step = body.step(rest.substr(0, piece));
    CHECK(step.used > 0 || body.state() != BodyReader::State::more, "the reader goes on");
    collected += step.piece;
    rest.remove_prefix(step.used);
  }
  CHECK(collected.size() <= body_bytes_max, "a body keeps its bound");
  if (body.state() == BodyReader::State::done) text += collected;
  return text + std::to_string(static_cast<int>(body.state()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string wire(bytes + 1, bytes + size);
  const std::string in_pieces = read(wire, 1 + bytes[0] % 32);
  const std::string at_once = read(wire, wire.size() + 1);
  // Malformed bytes may be refused at once or only when the head is complete, and near the limit
  // it depends on the pieces which of two reasons to refuse is seen first.
  const bool settled = in_pieces != "more" && at_once != "more" && wire.size() < head_bytes_max;
  CHECK(!settled || in_pieces == at_once, "the pieces do not matter");
  return 0;
}
