#include "sites/local/hostlist.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace fabrica::sites::local {
namespace {

TEST(Hostlist, ExpandsAsATable) {
  struct Case {
    std::string_view list;
    std::string_view hosts;  ///< "!" and a part of the refusal
  };
  constexpr std::array cases{
      Case{"", ""},
      Case{"n1", "n1"},
      Case{"n1,login", "n1 login"},
      Case{"n[1-3]", "n1 n2 n3"},
      Case{"n[01-03,7]", "n01 n02 n03 n7"},
      Case{"n[08-11]", "n08 n09 n10 n11"},
      Case{"n[5]", "n5"},
      Case{"r[1-2]n[1-2]", "r1n1 r1n2 r2n1 r2n2"},
      Case{"r[1-2]n-ib,x", "r1n-ib r2n-ib x"},
      Case{"n[1-2],n[4,6]", "n1 n2 n4 n6"},
      Case{"n[3-1]", "!ranges"},
      Case{"n[", "!bracket"},
      Case{"n]", "!bracket"},
      Case{"n[1]]", "!bracket"},
      Case{"n[[1]]", "!ranges"},
      Case{"n[]", "!ranges"},
      Case{"n[a-b]", "!ranges"},
      Case{"n[1-]", "!ranges"},
      Case{"n[1-4294967296]", "!ranges"},
      Case{"n[0-999999999]", "!ranges"},
      Case{"a,,b", "!missing"},
      Case{",a", "!missing"},
      Case{"n[1-1000]m[1-1000]", "!100000 names"},
  };
  for (const Case& one : cases) {
    const auto hosts = expand_hostlist(one.list);
    if (one.hosts.starts_with('!')) {
      ASSERT_FALSE(hosts) << one.list;
      EXPECT_THAT(hosts.error().text, ::testing::HasSubstr(std::string(one.hosts.substr(1))));
    } else {
      ASSERT_TRUE(hosts) << one.list;
      EXPECT_EQ(fmt::format("{}", fmt::join(*hosts, " ")), one.hosts) << one.list;
    }
  }
}

RC_GTEST_PROP(Hostlist, AnyTextHasABoundedAnswer, ()) {
  const auto text =
      *rc::gen::container<std::string>(rc::gen::element('n', '1', '0', '[', ']', '-', ','));
  const auto hosts = expand_hostlist(text);
  if (hosts) RC_ASSERT(hosts->size() <= hosts_max);
}

}  // namespace
}  // namespace fabrica::sites::local
