#include "kernel/archive.h"

#include "base/archive.h"

namespace fabrica {

namespace {

template <class T>
Digest digest_of_all(std::span<const T> items) {
  DigestWriter writer;
  writer.number(items.size());
  for (const T& item : items) archive(writer, item);
  return writer.finish();
}

}  // namespace

Digest digest(const State& state) { return digest_of(state); }
Digest digest(const Command& command) { return digest_of(command); }
Digest digest(std::span<const Event> events) { return digest_of_all(events); }
Digest digest(std::span<const Recorded> records) { return digest_of_all(records); }

void append_bytes(std::string& out, const State& state) {
  BinaryWriter writer(out);
  archive(writer, state);
}

bool read_bytes(std::string_view bytes, State& state) {
  BinaryReader reader(bytes);
  archive(reader, state);
  return reader.ok() && reader.left() == 0;
}

}  // namespace fabrica
