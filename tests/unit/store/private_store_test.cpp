#include "store/private_store.h"

#include <gtest/gtest.h>

#include "unit/store/fixture.h"

namespace fabrica::store {
namespace {

const federation::PersonId ada{1};
const federation::PersonId ben{2};
const Time today = test::day_one;

TEST(PrivateStore, TokensAreKnownByTheirHashAlone) {
  const test::TemporaryDirectory directory;
  PrivateStore store(directory.path());
  EXPECT_FALSE(store.has_tokens());
  const std::string token = store.mint_token(ada, "laptop", true, today, today + days(1));
  EXPECT_TRUE(store.has_tokens());
  const std::optional<TokenView> found = store.find_token(token, today);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->person, ada);
  EXPECT_TRUE(found->read_only);
  EXPECT_EQ(store.find_token(token, today + days(1)), std::nullopt) << "expired";
  EXPECT_EQ(store.find_token(token + "0", today), std::nullopt);
  EXPECT_EQ(store.find_token("", today), std::nullopt);
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    EXPECT_EQ(test::read_file(file.path()).find(token.substr(8)), std::string::npos) << file.path();
  }
}

TEST(PrivateStore, TokensAreRevokedByTheirOwner) {
  const test::TemporaryDirectory directory;
  PrivateStore store(directory.path());
  const std::string token = store.mint_token(ada, "laptop", false, today, today + days(1));
  const std::uint64_t id = store.tokens_of(ada).front().id;
  EXPECT_FALSE(store.revoke_token(ben, id));
  EXPECT_TRUE(store.find_token(token, today).has_value());
  EXPECT_TRUE(store.revoke_token(ada, id));
  EXPECT_FALSE(store.find_token(token, today).has_value());
}

TEST(PrivateStore, AnErasedPersonLeavesNothing) {
  const test::TemporaryDirectory directory;
  PrivateStore store(directory.path());
  store.put_person(ada, {"Ada Example", "ada@example.org"});
  store.put_person(ben, {"Ben Example", "ben@example.org"});
  EXPECT_EQ(store.person(ada)->name, "Ada Example");
  store.erase_person(ada);
  EXPECT_FALSE(store.person(ada).has_value());
  EXPECT_EQ(store.person(ben)->email, "ben@example.org");
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    EXPECT_EQ(test::read_file(file.path()).find("Ada Example"), std::string::npos) << file.path();
    const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    EXPECT_EQ(file.status().permissions() & others, std::filesystem::perms::none) << file.path();
  }
}

}  // namespace
}  // namespace fabrica::store
