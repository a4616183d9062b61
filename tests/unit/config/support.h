#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <source_location>
#include <string>
#include <string_view>

#include "base/check.h"
#include "config/consortium.h"
#include "kernel/engine.h"
#include "policies/registry.h"
#include "store/memory_log.h"

/// What the tests of configuration share: the shipped files, folders to write in, and an engine to
/// load them into.
namespace fabrica::test {

namespace fs = std::filesystem;

inline fs::path shipped_data() {
  const char* root = std::getenv("FABRICA_SOURCE_DIR");
  return fs::path(root == nullptr ? "." : root) / "data";
}

inline config::Consortium shipped() {
  auto consortium = config::read_consortium(shipped_data());
  CHECK(consortium.has_value(), consortium ? "" : consortium.error().text);
  return *std::move(consortium);
}

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.is_open(), "a file of the test is there: " + path.string());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A fresh folder that goes when the test ends.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "fabrica-config-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// A copy of the shipped data files, to be spoilt.
class DataCopy : public Folder {
 public:
  DataCopy() { fs::copy(shipped_data(), path(), fs::copy_options::recursive); }

  /// Replaces the first `old_part` of a file.
  void edit(const std::string& file, std::string_view old_part, std::string_view part) const {
    std::string text = text_of(path() / file);
    const std::size_t at = text.find(old_part);
    CHECK(at != std::string::npos,
          "the file has the text to be replaced: " + std::string(old_part));
    write(path() / file, text.replace(at, old_part.size(), part));
  }
};

/// An engine on a log in memory.
struct Desk {
  store::MemoryLog log;
  Engine engine{log, policies::defaults()};

  Result<Reply> ask(federation::PersonId actor, Command command) {
    return engine.execute(Envelope{
        CommandId{}, Digest{}, actor, *parse_time("2026-11-22T08:00:00Z"), std::move(command), {}});
  }

  config::Execute execute() {
    return [this](Command command) { return ask(federation::PersonId{}, std::move(command)); };
  }
  config::Look look() {
    return [this](const auto& show) { show(engine.state()); };
  }
};

/// Fails at the line of a table's case unless `result` is refused and its text has all the parts.
template <class T>
void expect_refused(const Result<T>& result, std::initializer_list<std::string_view> parts,
                    std::string_view what,
                    std::source_location where = std::source_location::current()) {
  const std::string text = result ? "accepted" : result.error().text;
  for (const std::string_view part : parts) {
    if (!result && text.find(part) != std::string::npos) continue;
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << what << "\n  expected: ... " << part << " ...\n  was:      " << text;
  }
}

}  // namespace fabrica::test
