#include "store/snapshot.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "base/shape.h"
#include "kernel/archive.h"
#include "store/chain.h"

namespace fabrica::store {

namespace {

constexpr std::string_view magic = "fabrica snapshot 1\n";
constexpr std::size_t digest_bytes = 32;

std::string_view as_text(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

// Snapshots of a program with another shape of State are not read.
const Sha256& shape() {
  static const Sha256 digest = sha256(shape_of<State>());
  return digest;
}

bool write_synced(const std::filesystem::path& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return false;
  bool good = true;
  while (good && !bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    good = written > 0;
    if (good) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  good = good && ::fsync(file) == 0;
  return ::close(file) == 0 && good;
}

std::optional<std::string> read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return std::nullopt;
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!in) return std::nullopt;
  return bytes;
}

}  // namespace

void write_snapshot(const std::filesystem::path& path, const Snapshot& at, const State& state) {
  std::string bytes(magic);
  bytes += as_text(shape());
  bytes += as_text(at.chain);
  append_bytes(bytes, state);
  bytes += as_text(sha256(bytes));
  const std::filesystem::path fresh = path.string() + ".new";
  std::error_code error;
  if (write_synced(fresh, bytes)) std::filesystem::rename(fresh, path, error);
  if (error || std::filesystem::exists(fresh, error)) {
    fmt::print(stderr,
               "fabrica: no snapshot was kept in {}: the next start replays more of the log\n",
               path.string());
  }
}

std::optional<Snapshot> read_snapshot(const std::filesystem::path& path, State& state) {
  const std::optional<std::string> whole = read_whole(path);
  constexpr std::size_t head_bytes = magic.size() + 2 * digest_bytes;
  if (!whole || whole->size() < head_bytes + digest_bytes) return std::nullopt;
  const std::string_view bytes(*whole);
  const std::string_view signed_part = bytes.substr(0, bytes.size() - digest_bytes);
  if (!bytes.starts_with(magic) ||
      bytes.substr(signed_part.size()) != as_text(sha256(signed_part))) {
    return std::nullopt;
  }
  if (bytes.substr(magic.size(), digest_bytes) != as_text(shape())) return std::nullopt;
  Snapshot snapshot;
  std::memcpy(snapshot.chain.bytes.data(), bytes.data() + magic.size() + digest_bytes,
              digest_bytes);
  if (!read_bytes(signed_part.substr(head_bytes), state)) return std::nullopt;
  snapshot.seq = state.last;
  return snapshot;
}

}  // namespace fabrica::store
