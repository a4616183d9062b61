#pragma once

#include <filesystem>
#include <optional>

#include "base/digest.h"
#include "base/id.h"

namespace fabrica::store {

/// How far the log had come: the last acknowledged event and the chain there.
struct Head {
  Seq seq;
  Sha256 chain;
};

/// A small file beside the log, rewritten after each commit and never synced: it costs a
/// microsecond, and tells after a crash of the process, or after somebody cut the log, whether
/// acknowledged events are missing. After a power cut it may be older than the log, which is no
/// alarm.
class HeadFile {
 public:
  explicit HeadFile(const std::filesystem::path& path);
  HeadFile(const HeadFile&) = delete;
  HeadFile& operator=(const HeadFile&) = delete;
  ~HeadFile();

  /// Nothing when there is none, or when its checksum is wrong.
  std::optional<Head> read() const;
  void write(const Head& head);

 private:
  int file_ = -1;
};

}  // namespace fabrica::store
