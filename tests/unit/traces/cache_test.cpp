#include "traces/cache.h"

#include <gtest/gtest.h>

#include <cstring>

#include "traces/swf.h"
#include "unit/traces/scratch.h"

/// Invariant 46: what is taken from the cache is what the file would be read to.
namespace fabrica::traces {
namespace {

constexpr std::string_view three_lines =
    "; MaxProcs: 10\n"
    "4 10 -1 60 8 -1 -1 8 100 -1 1 3 -1 -1 2 -1 -1 -1\n"
    "5 9 -1 0 8 -1 -1 8 100 -1 1 3 -1 -1 2 -1 -1 -1\n"
    "nonsense\n";

bool same(const Trace& a, const Trace& b) {
  bool odd = true;
  for (std::size_t at = 0; at < oddities; ++at) {
    odd = odd && a.odd[at].count == b.odd[at].count && a.odd[at].first_line == b.odd[at].first_line;
  }
  return odd && a.machine_width == b.machine_width && a.jobs.size() == b.jobs.size() &&
         std::memcmp(a.jobs.data(), b.jobs.data(), a.jobs.size() * sizeof(Job)) == 0;
}

std::filesystem::path only_file_in(const std::filesystem::path& folder) {
  return std::filesystem::directory_iterator(folder)->path();
}

TEST(TraceCache, KeepsWhatTheFileSaysUnderItsContent) {
  const Scratch scratch;
  const auto folder = scratch.folder() / "a" / "cache";
  const auto path = scratch.write("t.swf", three_lines);
  const Trace plain = *read_swf(path);
  for (const bool from_cache : {false, true, true}) {
    const Loaded loaded = *load(path, folder);
    EXPECT_EQ(loaded.from_cache, from_cache);
    EXPECT_EQ(loaded.problem, "");
    EXPECT_TRUE(same(loaded.trace, plain));
  }
  const auto moved = scratch.write("other.swf", three_lines);
  EXPECT_TRUE(load(moved, folder)->from_cache) << "the name does not count";
  scratch.write("t.swf", std::string(three_lines) + "\n");
  EXPECT_FALSE(load(path, folder)->from_cache) << "each byte does";
  EXPECT_FALSE(load(path, {})->from_cache);
}

TEST(TraceCache, IsReadAnewWhereverItIsDamaged) {
  const Scratch scratch;
  const auto folder = scratch.folder() / "cache";
  const auto path = scratch.write("t.swf", three_lines);
  const Trace plain = load(path, folder)->trace;
  const auto kept = only_file_in(folder);
  const std::string whole = bytes_of(kept);
  const auto damage = [&](const std::string& bytes, const std::string& how) {
    std::ofstream(kept, std::ios::binary | std::ios::trunc) << bytes;
    const Loaded loaded = *load(path, folder);
    EXPECT_FALSE(loaded.from_cache) << how;
    EXPECT_TRUE(same(loaded.trace, plain)) << how;
    EXPECT_EQ(bytes_of(kept), whole) << "kept again, " << how;
  };
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    damage(flipped, "byte " + std::to_string(at));
  }
  for (std::size_t size = 0; size < whole.size(); size += 9) {
    damage(whole.substr(0, size), "cut to " + std::to_string(size));
  }
  damage(whole + '\0', "longer");
}

TEST(TraceCache, AFolderThatCannotBeMadeIsSaid) {
  const Scratch scratch;
  const auto path = scratch.write("t.swf", three_lines);
  const Loaded loaded = *load(path, path / "below a file");
  EXPECT_EQ(loaded.trace.jobs.size(), 2U);
  EXPECT_NE(loaded.problem.find("cannot be kept"), std::string::npos) << loaded.problem;
}

TEST(TraceCache, RefusesWhatTheReaderRefuses) {
  const Scratch scratch;
  EXPECT_EQ(load(scratch.folder() / "none", scratch.folder()).error().code, refusal::not_found);
  const auto empty = scratch.write("empty", "");
  EXPECT_EQ(load(empty, scratch.folder() / "cache").error().code, refusal::malformed);
}

}  // namespace
}  // namespace fabrica::traces
