#include "sbatch/rewrite.h"

#include <gtest/gtest.h>

#include <charconv>

#include "unit/sbatch/reading.h"

namespace fabrica::sbatch {
namespace {

const WordsThere here{"fab", "gpu", "normal", "nvlink", "school", "h100"};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Applies a unified diff as patch(1) does, and insists on each line that it names.
std::string patched(std::string_view script, std::string_view diff) {
  const std::vector<std::string> before = lines_of(script);
  std::vector<std::string> after;
  std::size_t at = 0;
  bool open = !script.ends_with('\n');
  for (const std::string& line : lines_of(diff)) {
    if (line.starts_with("---") || line.starts_with("+++") || line.starts_with('\\')) continue;
    if (line.starts_with("@@ -")) {
      std::size_t first = 0;
      std::from_chars(line.data() + 4, line.data() + line.size(), first);
      while (at + 1 < first) after.push_back(before.at(at++));
      continue;
    }
    if (line.front() == '+') {
      after.push_back(line.substr(1));
    } else {
      EXPECT_EQ(before.at(at), line.substr(1));
      if (line.front() == ' ') after.push_back(before.at(at));
      ++at;
    }
  }
  while (at < before.size()) after.push_back(before.at(at++));
  std::string text;
  for (const std::string& line : after) text += line + '\n';
  if (open) text.pop_back();
  return text;
}

TEST(Rewrite, DirectivesInTheWordsOfASite) {
  const struct {
    std::string_view directives;
    WordsThere there;
    std::string_view rewritten;
  } cases[] = {
      {"#SBATCH -A p9", {.account = "fab"}, "#SBATCH --account=fab"},
      {"#SBATCH --account=fab", {.account = "fab"}, "#SBATCH --account=fab"},
      {"#SBATCH -A p9", {}, ""},
      {"#SBATCH -A p9  # ours", {}, "#SBATCH  # ours"},
      {"#SBATCH -N2 -p boost -t 5 # it's short",
       {.partition = "gpu"},
       "#SBATCH -N2 --partition=gpu -t 5 # it's short"},
      {"#SBATCH -N2 -p boost -t 5", {}, "#SBATCH -N2 -t 5"},
      {"#SBATCH -p boost -N2", {}, "#SBATCH -N2"},
      {"#SBATCH -pboost", {.partition = "gpu"}, "#SBATCH --partition=gpu"},
      {"#SBATCH -sp boost", {.partition = "gpu"}, "#SBATCH -s --partition=gpu"},
      {"#SBATCH -sp boost", {}, "#SBATCH -s"},
      {"#SBATCH --part 'boost'", {.partition = "gpu"}, "#SBATCH --partition=gpu"},
      {"#SBATCH -p\n#SBATCH boost -N2",
       {.partition = "gpu"},
       "#SBATCH --partition=gpu\n#SBATCH -N2"},
      {"#SBATCH -p one\n#SBATCH -N2\n#SBATCH -p two",
       {.partition = "gpu"},
       "#SBATCH -N2\n#SBATCH --partition=gpu"},
      {"#SBATCH -p one -p gpu", {.partition = "gpu"}, "#SBATCH -p gpu"},
      {"#SBATCH -C a100", {.constraint = "a100&nvlink"}, "#SBATCH --constraint=a100&nvlink"},
      {"#SBATCH -C a100", {.constraint = "a b"}, "#SBATCH --constraint=\"a b\""},
      {"#SBATCH -N2", {.qos = "normal"}, "#SBATCH -N2\n#SBATCH --qos=normal"},
      {"",
       {.qos = "normal", .reservation = "r"},
       "#SBATCH --qos=normal\n#SBATCH --reservation=r\n"},
      {"#SBATCH -N2 --", {.qos = "normal"}, "#SBATCH --qos=normal\n#SBATCH -N2 --"},
      {"#SBATCH -w n1 -x n2 -M c1 --wckey=k", {}, ""},
      {"#SBATCH --gres=gpu:4", {.gpu_type = "h100"}, "#SBATCH --gres=gpu:h100:4"},
      {"#SBATCH --gres gpu:a100:4", {.gpu_type = "h100"}, "#SBATCH --gres=gpu:h100:4"},
      {"#SBATCH --gres=gpu:a100", {.gpu_type = "h100"}, "#SBATCH --gres=gpu:h100:1"},
      {"#SBATCH --gres=gpu:h100:4", {.gpu_type = "h100"}, "#SBATCH --gres=gpu:h100:4"},
      {"#SBATCH --gres=gpu:a100:4", {}, "#SBATCH --gres=gpu:4"},
      {"#SBATCH --gres=none", {.gpu_type = "h100"}, "#SBATCH --gres=none"},
      {"#SBATCH -G 8", {.gpu_type = "h100"}, "#SBATCH --gpus=h100:8"},
      {"#SBATCH --gpus-per-node=a100:4 -t 5",
       {.gpu_type = "h100"},
       "#SBATCH --gpus-per-node=h100:4 -t 5"},
      {"#SBATCH --gpus-per-task=1 -n2", {.gpu_type = "h100"}, "#SBATCH --gpus-per-task=h100:1 -n2"},
  };
  for (const auto& [directives, there, rewritten] : cases) {
    const std::string script = fmt::format("#!/bin/bash\n{}\nhostname\n", directives);
    const Rewritten done = rewrite(script, there).value();
    const std::string_view lines = rewritten;
    const std::string expected =
        fmt::format("#!/bin/bash\n{}{}hostname\n", lines, lines.empty() ? "" : "\n");
    EXPECT_EQ(text_of(done), expected) << directives;
    EXPECT_EQ(patched(script, unified_diff(done, "a", "b")), expected) << directives;
    EXPECT_EQ(unified_diff(done, "a", "b").empty(), script == expected) << directives;
    EXPECT_EQ(text_of(rewrite(expected, there).value()), expected)
        << "twice is once: " << directives;
  }
}

TEST(Rewrite, TheSiteIsAskedForItsOwnWordsWhateverTheScriptSays) {
  constexpr std::string_view scripts[] = {
      "#SBATCH -A p9 -p boost_usr_prod -q boost_qos_dbg -C a100 --reservation=s_tra -G4",
      "#SBATCH --account p9\n#SBATCH -pgpu --gres='gpu:a100:2'\n#SBATCH -q\n#SBATCH x -N2",
      "#SBATCH -N1",
      "#SBATCH -A p9\n# a comment\n\n#SBATCH -A p10 --qos=normal",
  };
  for (const std::string_view script : scripts) {
    const std::string before = fmt::format("#!/bin/bash\n{}\nhostname", script);
    const Rewritten rewritten = rewrite(before, here).value();
    const std::string after = text_of(rewritten);
    EXPECT_EQ(patched(before, unified_diff(rewritten, "a", "b")), after) << script;
    const Parsed was = parse({before, {}, {}});
    const Parsed is = parse({after, {}, {}});
    ASSERT_TRUE(is.ok()) << after;
    const SiteWords& words = is.options.words;
    EXPECT_EQ(words.account, here.account);
    EXPECT_EQ(words.partition, here.partition);
    EXPECT_EQ(words.qos, here.qos);
    EXPECT_EQ(words.constraint, here.constraint);
    EXPECT_EQ(words.reservation, here.reservation);
    EXPECT_EQ(is.shape.gpu_type, is.shape.gpus > 0 ? here.gpu_type : "");
    Shape same = is.shape;
    same.gpu_type = was.shape.gpu_type;
    EXPECT_EQ(same, was.shape) << "all else means what it meant";
  }
}

TEST(Rewrite, Diffs) {
  const std::string script = "#!/bin/bash\n#SBATCH -A p9\n#SBATCH -N2\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  EXPECT_EQ(unified_diff(rewrite(script, {.account = "fab", .qos = "q"}).value(), "a\nb", "c"),
            "--- a?b\n+++ c\n@@ -1,6 +1,7 @@\n #!/bin/bash\n-#SBATCH -A p9\n+#SBATCH "
            "--account=fab\n #SBATCH -N2\n+#SBATCH --qos=q\n 1\n 2\n 3\n");
  EXPECT_EQ(unified_diff(rewrite("#!/bin/sh\n#SBATCH -A p9", {.account = "fab"}).value(), "a", "b"),
            "--- a\n+++ b\n@@ -1,2 +1,2 @@\n #!/bin/sh\n-#SBATCH -A p9\n\\ No newline at end of "
            "file\n+#SBATCH --account=fab\n\\ No newline at end of file\n");
  EXPECT_EQ(unified_diff(rewrite("#!/bin/sh\nhostname\n", {}).value(), "a", "b"), "");
  EXPECT_FALSE(rewrite("#!/bin/sh\n#SBATCH --nonsense\n", {}).has_value());
}

}  // namespace
}  // namespace fabrica::sbatch
