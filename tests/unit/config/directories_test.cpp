#include "config/directories.h"

#include <gtest/gtest.h>

#include "unit/config/support.h"

namespace fabrica::test {
namespace {

using namespace config;

std::string path_or_refusal(const Result<fs::path>& result) {
  return result ? result->string() : std::string(result.error().code.name);
}

TEST(Directories, StateAndSettingsOfAPerson) {
  struct Case {
    std::string_view what;
    Surroundings around;
    std::string_view state;
    std::string_view config;
  };
  for (const Case& one : {
           Case{"a home",
                {.home = "/home/ada"},
                "/home/ada/.local/state/fabrica",
                "/home/ada/.config/fabrica"},
           Case{"both set",
                {.home = "/home/ada", .xdg_state_home = "/s", .xdg_config_home = "/c"},
                "/s/fabrica",
                "/c/fabrica"},
           Case{"no home but the variables",
                {.xdg_state_home = "/s", .xdg_config_home = "/c"},
                "/s/fabrica",
                "/c/fabrica"},
           Case{"a relative path counts as not set",
                {.home = "/home/ada", .xdg_state_home = "s", .xdg_config_home = "./c"},
                "/home/ada/.local/state/fabrica",
                "/home/ada/.config/fabrica"},
           Case{"nothing", {}, "not_found", "not_found"},
           Case{"a relative home", {.home = "ada"}, "not_found", "not_found"},
       }) {
    EXPECT_EQ(path_or_refusal(state_directory(one.around)), one.state) << one.what;
    EXPECT_EQ(path_or_refusal(config_directory(one.around)), one.config) << one.what;
  }
}

TEST(Directories, DataFilesAreLookedForInOrder) {
  const Folder folder;
  const fs::path root = folder.path();
  const fs::path program = root / "build" / "release" / "bin" / "fabricad";
  const auto found = [&](const fs::path& wanted, std::string variable) {
    return path_or_refusal(
        data_files_directory(wanted, {.fabrica_data = std::move(variable), .program = program}));
  };
  EXPECT_EQ(found("", ""), "not_found");
  fs::create_directories(root / "data" / "consortium");
  EXPECT_EQ(found("", ""), root / "data");
  fs::create_directories(root / "build" / "release" / "share" / "fabrica" / "consortium");
  EXPECT_EQ(found("", ""), root / "build" / "release" / "share" / "fabrica");
  fs::create_directories(root / "other" / "consortium");
  EXPECT_EQ(found("", root / "other"), root / "other");
  fs::create_directories(root / "wanted" / "consortium");
  EXPECT_EQ(found(root / "wanted", root / "other"), root / "wanted");
  EXPECT_EQ(found(root / "nowhere", root / "other"), "not_found");
  EXPECT_EQ(found("", root / "nowhere"), "not_found");
}

TEST(Directories, OfThisProcess) {
  const Surroundings around = surroundings();
  EXPECT_TRUE(around.program.is_absolute());
  EXPECT_TRUE(fs::exists(around.program)) << around.program;
}

TEST(Directories, APathAsAPersonWritesIt) {
  const Surroundings around{.home = "/home/ada"};
  EXPECT_EQ(resolve("~/x", "/etc", around), "/home/ada/x");
  EXPECT_EQ(resolve("x/../y", "/etc", around), "/etc/y");
  EXPECT_EQ(resolve("/x", "/etc", around), "/x");
  EXPECT_EQ(resolve("~/x", "/etc", {}), "/etc/~/x");
}

}  // namespace
}  // namespace fabrica::test
