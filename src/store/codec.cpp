#include "store/codec.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/type_name.h"
#include "json/document.h"
#include "json/read.h"
#include "json/write.h"

namespace fabrica::store {

namespace {

// The version this program writes: one more than the last upcaster of the type leads from.
std::int64_t current_version(std::string_view type, std::span<const Upcaster> casts) {
  std::int64_t version = 1;
  for (const Upcaster& cast : casts) {
    if (cast.type == type) version = std::max(version, cast.from + 1);
  }
  return version;
}

Result<Event> read_event(std::string_view type, std::string_view body) {
  TRY(const json::Document document, json::Document::parse(body));
  return json::read_alternative<Event>(type, document.root(), json::Missing::defaulted);
}

}  // namespace

std::span<const Upcaster> upcasters() { return {}; }

void encode(const Event& event, EncodedEvent& out) {
  out.body.clear();
  const auto write = [&]<class E>(const E& one) {
    out.type = type_name<E>();
    json::write(out.body, one);
  };
  std::visit([&](const auto& area) { std::visit(write, area); }, event);
  out.version = current_version(out.type, upcasters());
}

Result<Event> decode(std::string_view type, std::int64_t version, std::string_view body,
                     std::span<const Upcaster> casts) {
  const std::int64_t current = current_version(type, casts);
  if (version == current) return read_event(type, body);
  if (version > current || version < 1) {
    return refuse(
        refusal::invalid, "version",
        fmt::format(
            "{} has version {} and this program knows versions up to {}; use a newer program.",
            type, version, current));
  }
  std::string upcast(body);
  for (; version < current; ++version) {
    const auto cast = std::ranges::find_if(
        casts, [&](const Upcaster& each) { return each.type == type && each.from == version; });
    if (cast == casts.end()) {
      return refuse(refusal::invalid, "version",
                    fmt::format("No upcaster leads from {} version {}.", type, version));
    }
    upcast = cast->upcast(upcast);
  }
  return read_event(type, upcast);
}

}  // namespace fabrica::store
