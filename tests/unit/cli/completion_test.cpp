#include "cli/completion.h"

#include <gtest/gtest.h>

namespace fabrica::cli {
namespace {

const CommandWords program{
    "fab",
    "",
    {{"--json", "raw"}},
    {{"jobs", "your jobs", {{"--all", "ended ones too"}}, {}},
     {"call", "calls", {}, {{"open", "open one", {{"--title", "it's"}}, {}}}}}};

TEST(Completion, BashKnowsWhereItIs) {
  EXPECT_EQ(completion_script("bash", program),
            "# bash completion of fab: eval \"$(fab completion bash)\"\n"
            "_fab() {\n"
            "  local word=${COMP_WORDS[COMP_CWORD]} path= at\n"
            "  for ((at = 1; at < COMP_CWORD; at++)); do\n"
            "    case \"$path ${COMP_WORDS[at]}\" in\n"
            "      \" jobs\" | \" call\" | \" call open\") path=\"$path ${COMP_WORDS[at]}\" ;;\n"
            "    esac\n"
            "  done\n"
            "  case \"$path\" in\n"
            "    \"\") COMPREPLY=($(compgen -W 'jobs call --json' -- \"$word\")) ;;\n"
            "    \" jobs\") COMPREPLY=($(compgen -W '--all' -- \"$word\")) ;;\n"
            "    \" call\") COMPREPLY=($(compgen -W 'open' -- \"$word\")) ;;\n"
            "    \" call open\") COMPREPLY=($(compgen -W '--title' -- \"$word\")) ;;\n"
            "  esac\n"
            "}\n"
            "complete -o default -F _fab fab\n");
}

TEST(Completion, ZshAndFishDescribeTheWords) {
  const std::string zsh = completion_script("zsh", program);
  EXPECT_NE(zsh.find("\" call open\") choices=('--title:its' ) ;;"), std::string::npos) << zsh;
  const std::string fish = completion_script("fish", program);
  EXPECT_NE(fish.find("complete -c fab -n '__fish_use_subcommand' -a jobs -d 'your jobs'\n"),
            std::string::npos)
      << fish;
  EXPECT_NE(fish.find("complete -c fab -n '__fish_seen_subcommand_from call; and "
                      "__fish_seen_subcommand_from open' "
                      "-l title -d 'its'\n"),
            std::string::npos)
      << fish;
}

TEST(Completion, KnowsNoOtherShell) { EXPECT_EQ(completion_script("csh", program), ""); }

}  // namespace
}  // namespace fabrica::cli
