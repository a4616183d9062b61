#include "simulate/machine_words.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fabrica::simulate {
namespace {

TEST(MachineWords, OutagesAreReadAndSorted) {
  struct Row {
    std::vector<std::string> texts;
    std::string wanted;  // empty: refused
  };
  for (const Row& row :
       {Row{{"10:20:3"}, "10000 20000 3"}, Row{{"0:1"}, "0 1000 2147483647"},
        Row{{"30:40:1", "5:50:2"}, "5000 50000 2, 30000 40000 1"},
        Row{{"0:10000000000:2147483647"}, "0 10000000000000 2147483647"}, Row{{"20:10:3"}, ""},
        Row{{"10:10"}, ""}, Row{{"10"}, ""}, Row{{""}, ""}, Row{{"10:"}, ""}, Row{{"10:20:"}, ""},
        Row{{"10:20:0"}, ""}, Row{{"10:20:3:4"}, ""}, Row{{"-5:20"}, ""}, Row{{"5:x"}, ""},
        Row{{"5:20:2147483648"}, ""}, Row{{"5:10000000001"}, ""}, Row{{" 5:20"}, ""},
        Row{std::vector<std::string>(1'001, "1:2"), ""}}) {
    const auto outages = parse_outages(row.texts, "failure");
    std::string text;
    for (const forecast::Outage& one : outages.value_or(std::vector<forecast::Outage>{})) {
      text +=
          fmt::format("{}{} {} {}", text.empty() ? "" : ", ", one.from.ms, one.until.ms, one.width);
    }
    EXPECT_EQ(text, row.wanted) << row.texts[0];
    if (!outages) {
      EXPECT_EQ(outages.error().field, "failure");
    }
  }
}

TEST(MachineWords, WeightsThatAreNamedChange) {
  struct Row {
    std::string text;
    std::string wanted;  // empty: refused
  };
  for (const Row& row :
       {Row{"age=5", "5 1000 0 0"}, Row{"wide=1000000,size=7,fair_share=0", "1000 0 7 1000000"},
        Row{"age=1,age=2", "2 1000 0 0"}, Row{"", ""}, Row{"age", ""}, Row{"age=", ""},
        Row{"age=-1", ""}, Row{"age=1000001", ""}, Row{"age=1,", ""}, Row{"age=1.5", ""},
        Row{"Age=1", ""}, Row{"qos=1", ""}, Row{"age=99999999999999999999", ""}}) {
    const auto rules = parse_weights(row.text, {});
    EXPECT_EQ(rules ? fmt::format("{} {} {} {}", rules->weight_age, rules->weight_fair_share,
                                  rules->weight_size, rules->weight_wide)
                    : "",
              row.wanted)
        << row.text;
  }
}

}  // namespace
}  // namespace fabrica::simulate
