#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace fabrica::sites::slurm {

/// A folder of its own for one test, gone after it.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "fabrica-slurm-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(folder_); }

  std::string path(std::string_view name) const { return (folder_ / name).string(); }

  /// Writes a file that only its owner may read, and says its path.
  std::string file(std::string_view name, std::string_view bytes) const {
    const std::string where = path(name);
    std::ofstream(where, std::ios::binary) << bytes;
    std::filesystem::permissions(where, std::filesystem::perms::owner_read);
    return where;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace fabrica::sites::slurm
