#include "sites/slurm/job_shell.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

/// The script around a job's script. That it works is shown on a real cluster.
namespace fabrica::sites::slurm {
namespace {

std::string text_for(std::string_view script, std::string_view signal = "",
                     std::string url = "https://f.example") {
  return speaking_script({std::move(url), "", jobs::JobId{7}, 2, "fabjob_abc"}, script, signal);
}

TEST(JobShell, BearsTheScriptByteForByte) {
  for (const std::string_view script :
       {"#!/bin/bash\nhostname\n", "#!/bin/sh\nno newline", "#!/bin/bash\r\n$(x) `y` 'z' \\ \"\n",
        "#!/bin/bash\ncat <<'EOF'\nEOF\n\n\n"}) {
    const std::string text = text_for(script);
    const std::string opening = "<<'end_of_fabjob_abc' || exit 75\n";
    const std::size_t begin = text.find(opening);
    ASSERT_NE(begin, std::string::npos);
    EXPECT_EQ(text.substr(begin + opening.size(), script.size()), script);
    EXPECT_TRUE(text.contains(fmt::format("head -c {} ", script.size())));
    EXPECT_TRUE(text.starts_with("#!/bin/bash\n"));
  }
}

TEST(JobShell, NamesTheSignalThatOnlyTheShellGets) {
  const struct {
    std::string_view signal;
    std::string_view passed_on;
  } cases[] = {
      {"", "''"},         {"USR1@60", "''"},   {"B:USR1@60", "'USR1'"}, {"B:SIGTERM", "'TERM'"},
      {"R:USR1@9", "''"}, {"BR:12@9", "'12'"}, {"B:$(rm -rf /)", "''"}, {"B:", "''"}};
  for (const auto& one : cases) {
    EXPECT_TRUE(
        text_for("#!/bin/sh\n", one.signal).contains(fmt::format("passed_on={}\n", one.passed_on)))
        << one.signal;
  }
}

TEST(JobShell, QuotesWhatComesFromSettings) {
  EXPECT_TRUE(text_for("#!/bin/sh\n", "", "http://a'b$c").contains(R"(url='http://a'\''b$c' )"));
}

}  // namespace
}  // namespace fabrica::sites::slurm
