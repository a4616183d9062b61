#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "traces/trace.h"

namespace fabrica::traces {

struct Loaded {
  Trace trace;
  bool from_cache = false;
  std::string problem;  // why it could not be kept, if so; for a person
};

/// Reads a trace as read_swf() does, once: it is kept in binary form in `folder`, under a name made
/// of the file's content, and taken from there the next time. What is kept there by another
/// version, or is damaged, is read anew from the file and kept again. An empty `folder` keeps
/// nothing.
Result<Loaded> load(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace fabrica::traces
