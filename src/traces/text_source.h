#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/result.h"

namespace fabrica::traces {

/// The text of a file, whether it is compressed with gzip (one member or several) or plain.
class TextSource {
 public:
  /// Refused as not_found when there is none, as unavailable when it cannot be read.
  static Result<TextSource> open(const std::filesystem::path& path);
  TextSource(TextSource&&) noexcept;
  TextSource& operator=(TextSource&&) noexcept;
  ~TextSource();

  /// Fills `room` with the next bytes; fewer than asked for mean that the text ends there. Refused
  /// as malformed when what is compressed is damaged or ends too early, as too_large beyond
  /// limits::trace_text_bytes_max, as unavailable when the file cannot be read.
  Result<std::size_t> read(std::span<char> room);

 private:
  struct Open;
  explicit TextSource(std::unique_ptr<Open> file);

  std::unique_ptr<Open> file_;
};

}  // namespace fabrica::traces
