#include "sbatch/gres.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace fabrica::sbatch {
namespace {

constexpr std::string_view no = "refused";

struct Case {
  std::string_view text;
  std::string_view expected;  // name/type/count, joined by spaces
};

std::string gres(std::string_view text) {
  const auto list = parse_gres(text);
  if (!list) return std::string(no);
  std::string all;
  for (const Gres& one : *list) {
    all += fmt::format("{}{}/{}/{}", all.empty() ? "" : " ", one.name, one.type, one.count);
  }
  return all;
}

std::string gpus(std::string_view text) {
  const auto list = parse_gpus(text);
  if (!list) return std::string(no);
  std::string all;
  for (const GpuCount& one : *list) {
    all += fmt::format("{}{}/{}", all.empty() ? "" : " ", one.type, one.count);
  }
  return all;
}

TEST(Gres, Forms) {
  constexpr Case cases[] = {
      {"gpu", "gpu//1"},
      {"gpu:2", "gpu//2"},
      {"gpu:0", "gpu//0"},
      {"gpu:+2", "gpu//2"},
      {"gpu:a100", "gpu/a100/1"},
      {"gpu:a100:4", "gpu/a100/4"},
      {"gpu:gh200:4", "gpu/gh200/4"},
      {"gpu:a100_1g.5gb:1", "gpu/a100_1g.5gb/1"},
      {"gpu:1g.10gb:2", "gpu/1g.10gb/2"},
      {"gpu:a100:4,nvme:3600", "gpu/a100/4 nvme//3600"},
      {"gpu:a100:1,gpu:v100:2", "gpu/a100/1 gpu/v100/2"},
      {"nvme:100", "nvme//100"},
      {"nvme:1k", "nvme//1024"},
      {"nvme:2G", "nvme//2147483648"},
      {"gres:gpu:2", "gpu//2"},
      {"none", ""},
      {"NONE", ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(gres(text), expected) << text;
}

TEST(Gres, Refusals) {
  constexpr std::string_view cases[] = {"gpu:1,",
                                        ",gpu:1",
                                        "",
                                        ",",
                                        "gpu:",
                                        "gpu::2",
                                        "gpu:a100:",
                                        "gpu:a:b:2",
                                        "gpu:1:a100",
                                        "gpu=2",
                                        "gpu:a100=2",
                                        "gpu 2",
                                        "gres/gpu:2",
                                        "gpu:2(S:0)",
                                        "gpu:-1",
                                        "gpu:1.5",
                                        "gpu:a100:2x",
                                        "gpu:1,gpu:2",
                                        "gpu:a100:1,gpu:a100:1",
                                        "gpu:\xC3\xA9:1",
                                        "gpu:99999999999999999999:1"};
  for (const std::string_view text : cases) EXPECT_EQ(gres(text), no) << text;
}

TEST(Gres, NotMoreKindsThanTheLimit) {
  std::string list = "a0";
  for (int i = 1; i < 64; ++i) list += fmt::format(",a{}", i);
  EXPECT_TRUE(parse_gres(list).has_value());
  EXPECT_FALSE(parse_gres(list + ",more").has_value());
}

TEST(Gpus, Forms) {
  constexpr Case cases[] = {
      {"4", "/4"},
      {"0", "/0"},
      {"a100:4", "a100/4"},
      {"a100", "a100/1"},
      {"a100:0", "a100/0"},
      {"mi250:8", "mi250/8"},
      {"a100:4,v100:2", "a100/4 v100/2"},
      {"none", ""},
      {"4k", "/4096"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(gpus(text), expected) << text;
}

TEST(Gpus, Refusals) {
  constexpr std::string_view cases[] = {"",    "gpu:4", "gpu",        "gpu:a100:4", "-1",
                                        "1.5", "4,5",   ":4",         "a100:",      "a100:4,a100:2",
                                        "4 ",  "4 4",   "99999999999"};
  for (const std::string_view text : cases) EXPECT_EQ(gpus(text), no) << text;
}

}  // namespace
}  // namespace fabrica::sbatch
