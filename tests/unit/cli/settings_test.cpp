#include "cli/settings.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

namespace fabrica::cli {
namespace {

namespace fs = std::filesystem;

/// A home of its own, with what is put there, that goes again.
class Home {
 public:
  Home() {
    std::string pattern = (fs::temp_directory_path() / "fabrica-cli-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() {
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  fs::path put(const fs::path& name, std::string_view text, mode_t mode = 0600) const {
    const fs::path file = folder_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
    ::chmod(file.c_str(), mode);
    return file;
  }

  fs::path folder() const { return folder_; }

  Place place() const {
    config::Surroundings around;
    around.home = folder_.string();
    return {around, [this](const char* name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            }};
  }

  std::map<std::string, std::string> variables;

 private:
  fs::path folder_;
};

TEST(Target, IsTheFirstThatIsNamed) {
  Home home;
  const fs::path other = home.folder() / "other";
  GlobalOptions options;
  EXPECT_EQ(find_target(options, home.place()).error().exit_code, exit_code::unreachable);

  home.put(".local/state/fabrica/server", "http://127.0.0.1:1");
  EXPECT_EQ(find_target(options, home.place())->url, "http://127.0.0.1:1");
  home.put(".config/fabrica/server", "http://config:2");
  EXPECT_EQ(find_target(options, home.place())->url, "http://config:2");
  home.variables["FABRICA_SERVER"] = "http://variable:3";
  EXPECT_EQ(find_target(options, home.place())->url, "http://variable:3");
  options.data = other.string();
  EXPECT_EQ(find_target(options, home.place()).error().exit_code, exit_code::unreachable);
  home.put("other/server", "unix:/s");
  EXPECT_EQ(find_target(options, home.place())->url, "unix:/s");
  options.server = "http://option:4";
  EXPECT_EQ(find_target(options, home.place())->url, "http://option:4");
}

TEST(Target, GivesTheAdministratorsTokenToItsOwnServerOnly) {
  Home home;
  home.put(".local/state/fabrica/server", "http://127.0.0.1:1");
  home.put(".local/state/fabrica/admin-token", "fab_admin");
  GlobalOptions options;
  EXPECT_EQ(find_target(options, home.place())->token, "fab_admin");
  options.server = "http://elsewhere:1";
  EXPECT_EQ(find_target(options, home.place())->token, "");
}

TEST(Target, TakesTheFirstTokenThatIsNamed) {
  Home home;
  home.put("d/server", "http://127.0.0.1:1");
  GlobalOptions options;
  options.data = (home.folder() / "d").string();
  home.put(".config/fabrica/token", "fab_config");
  EXPECT_EQ(find_target(options, home.place())->token, "fab_config");
  home.put("d/admin-token", "fab_admin");
  EXPECT_EQ(find_target(options, home.place())->token, "fab_admin");
  home.variables["FABRICA_TOKEN"] = "fab_variable";
  EXPECT_EQ(find_target(options, home.place())->token, "fab_variable");
  options.token_file = home.put("mine", "  fab_file ").string();
  EXPECT_EQ(find_target(options, home.place())->token, "fab_file");
}

TEST(ReadToken, RefusesAFileThatOthersCanRead) {
  Home home;
  const struct {
    mode_t mode;
    bool taken;
  } rows[] = {{0600, true},  {0400, true},  {0644, false},
              {0640, false}, {0604, false}, {0660, false}};
  for (const auto& row : rows) {
    const Outcome<std::string> token = read_token(home.put("token", "fab_x", row.mode));
    EXPECT_EQ(token.has_value(), row.taken) << row.mode;
    if (!token) {
      EXPECT_EQ(token.error().exit_code, exit_code::usage);
      EXPECT_NE(token.error().hint.find("chmod 600"), std::string::npos);
    }
  }
  EXPECT_FALSE(read_token(home.folder() / "none"));
  EXPECT_FALSE(read_token(home.put("empty", "")));
}

}  // namespace
}  // namespace fabrica::cli
