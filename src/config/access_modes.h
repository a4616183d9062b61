#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "calls/types.h"
#include "config/consortium.h"
#include "kernel/command.h"

namespace fabrica::config {

struct ModeEntry {
  calls::AccessMode mode;
  std::string at;  // file and line, for messages
};

/// Reads access-modes/*.toml of a folder of data files, one mode a file. Groups of countries become
/// the countries in them. Modes whose steps this version cannot run are read too: OpenCall refuses
/// them. Keys that are not known are passed over. Refused with file, line and what to do: what is
/// required and missing, an unknown rule, group or source, and a size that no proposal could have.
///
/// `[size]` becomes one range, or with `fixed = true` one range a `[[package]]`, of equal ends. A
/// package with a `year` is history, and is no size.
Result<std::vector<ModeEntry>> read_access_modes(const std::filesystem::path& data_files,
                                                 const Consortium& consortium);

/// Registers the modes in their order. The same mode again changes nothing.
Result<void> register_modes(const std::vector<ModeEntry>& modes, const Execute& execute);

}  // namespace fabrica::config
