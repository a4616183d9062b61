#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace fabrica::simulate {

inline std::filesystem::path source_folder() {
  const char* const source = std::getenv("FABRICA_SOURCE_DIR");
  return source != nullptr ? source : ".";
}

/// The well-known traces are not part of the project: FABRICA_TRACES names their folder, by default
/// ../shared/traces beside the source tree.
inline std::filesystem::path traces_folder() {
  const char* const named = std::getenv("FABRICA_TRACES");
  if (named != nullptr && *named != '\0') return named;
  return source_folder() / "../shared/traces";
}

inline std::filesystem::path trace_file(const std::string& name) {
  return traces_folder() / (name + ".swf.gz");
}

/// True when the file is there; otherwise the test's result line says that it is absent.
inline bool is_there(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return true;
  fmt::print("absent: {} (FABRICA_TRACES)\n", path.string());
  testing::Test::RecordProperty("absent", path.string());
  return false;
}

}  // namespace fabrica::simulate
