#include "base/digest.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <vector>

#include "base/random.h"

namespace fabrica {
namespace {

Digest digest_words(const std::vector<std::uint64_t>& words) {
  Hasher hasher;
  for (const std::uint64_t word : words) hasher.add(word);
  return hasher.finish();
}

Digest digest(std::string_view text) {
  Hasher hasher;
  hasher.add(text);
  return hasher.finish();
}

// The digests of logs and states are stored, so they may never change.
TEST(Digest, IsTheSameForEver) {
  EXPECT_EQ(to_string(digest_words({})), "f164dcd8780d050934457079f027dc7a");
  EXPECT_EQ(to_string(digest_words({1, 2, 3})), "1d30ee442ed7d60896ccaa9721cdd6cc");
  EXPECT_EQ(to_string(digest("a text of several words")), "0387e9709dc801eb749790778272fde8");
}

TEST(Digest, DependsOnOrderNumberAndBounds) {
  const std::set<Digest> different{
      digest_words({}),     digest_words({0}),    digest_words({0, 0}),    digest_words({1}),
      digest_words({1, 2}), digest_words({2, 1}), digest_words({1, 2, 0}), digest("a"),
  };
  EXPECT_EQ(different.size(), 8U);
  const auto two = [](std::string_view a, std::string_view b) {
    Hasher hasher;
    hasher.add(a);
    hasher.add(b);
    return hasher.finish();
  };
  EXPECT_NE(two("ab", "c"), two("a", "bc"));
  EXPECT_NE(two("", "abc"), two("abc", ""));
  EXPECT_NE(digest(std::string("a")), digest(std::string("a\0", 2)));
}

// Any one bit that differs changes about half the bits of the digest.
TEST(Digest, OneBitChangesHalf) {
  Random random(7);
  std::vector<std::uint64_t> words(8);
  for (auto& word : words) word = random.next();
  const Digest before = digest_words(words);
  int least = 128;
  int sum = 0;
  for (std::size_t bit = 0; bit < 512; ++bit) {
    words[bit / 64] ^= std::uint64_t{1} << (bit % 64);
    const Digest after = digest_words(words);
    words[bit / 64] ^= std::uint64_t{1} << (bit % 64);
    const int changed =
        std::popcount(before.high ^ after.high) + std::popcount(before.low ^ after.low);
    least = std::min(least, changed);
    sum += changed;
  }
  EXPECT_GT(least, 30);
  EXPECT_NEAR(sum / 512.0, 64, 3);
}

TEST(Digest, ManySmallInputsDoNotCollide) {
  std::set<Digest> seen;
  for (std::uint64_t a = 0; a < 300; ++a) {
    for (std::uint64_t b = 0; b < 300; ++b) seen.insert(digest_words({a, b}));
  }
  EXPECT_EQ(seen.size(), 90'000U);
}

TEST(Sha256Text, IsWrittenAndRead) {
  std::string text;
  for (int i = 0; i < 32; ++i) text += "0123456789abcdef"[i / 2], text += "fedcba9876543210"[i / 2];
  Sha256 digest;
  EXPECT_FALSE(digest);
  ASSERT_TRUE(parse_sha256(text, digest));
  EXPECT_TRUE(digest);
  EXPECT_EQ(to_string(digest), text);
  for (const std::string& wrong :
       {std::string(), text.substr(1), text + "0", "g" + text.substr(1), " " + text.substr(1)}) {
    Sha256 kept = digest;
    EXPECT_FALSE(parse_sha256(wrong, kept)) << wrong;
    EXPECT_EQ(kept, digest);
  }
}

}  // namespace
}  // namespace fabrica
