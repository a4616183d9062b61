#include "config/toml.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "config/nearest.h"
#include "unit/config/support.h"

namespace fabrica::test {
namespace {

using namespace config;

enum class Colour : std::uint8_t { red, green };
FABRICA_DESCRIBE_ENUM(Colour, red, green)

struct Wheel {
  std::string name;
  std::uint16_t spokes = 8;
  std::optional<double> radius;
};
FABRICA_DESCRIBE(Wheel, name, spokes, radius)

struct Cart {
  std::string title = "none";
  bool open = false;
  Colour colour = Colour::green;
  std::string built;
  Wheel spare;
  std::vector<Wheel> wheel;
};
FABRICA_DESCRIBE(Cart, title, open, colour, built, spare, wheel)

Result<Cart> read_cart(std::string_view text, json::Missing missing = json::Missing::defaulted,
                       UnknownKeys unknown = UnknownKeys::refused) {
  TRY(const TomlText toml, TomlText::parse("cart.toml", text));
  return read_toml<Cart>(toml, missing, unknown);
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Toml, AStructsMembersAreTheKeys) {
  const auto cart = read_cart(R"(
title = "Ox \u00e9 \"cart\""
open = true
colour = "red"
built = 2026-11-22T10:00:00.5+01:30
spare = {name = "s", radius = 2}
[[wheel]]
name = '''left'''
spokes = 0x10
[[wheel]]
name = "right"
radius = 0.25
)");
  ASSERT_TRUE(cart) << cart.error().text;
  EXPECT_EQ(cart->title, "Ox é \"cart\"");
  EXPECT_TRUE(cart->open);
  EXPECT_EQ(cart->colour, Colour::red);
  EXPECT_EQ(cart->built, "2026-11-22T10:00:00.500000000+01:30");
  EXPECT_EQ(cart->spare.radius, 2.0);
  ASSERT_EQ(cart->wheel.size(), 2U);
  EXPECT_EQ(cart->wheel[0].name, "left");
  EXPECT_EQ(cart->wheel[0].spokes, 16);
  EXPECT_EQ(cart->wheel[1].spokes, 8);
  EXPECT_EQ(cart->wheel[1].radius, 0.25);
}

TEST(Toml, DatesAndTimesAreStrings) {
  struct Case {
    std::string_view written;
    std::string_view read;
  };
  for (const Case& one : {Case{"2026-11-22", "2026-11-22"}, Case{"07:05:00", "07:05:00"},
                          Case{"2026-11-22T10:00:00", "2026-11-22T10:00:00"},
                          Case{"2026-11-22 10:00:00Z", "2026-11-22T10:00:00Z"},
                          Case{"2026-11-22T10:00:00-05:00", "2026-11-22T10:00:00-05:00"}}) {
    const auto cart = read_cart("built = " + std::string(one.written));
    ASSERT_TRUE(cart) << cart.error().text;
    EXPECT_EQ(cart->built, one.read);
  }
}

TEST(Toml, AMistakeIsToldWithFileLineAndKey) {
  struct Case {
    std::string_view what;
    std::string text;
    std::initializer_list<std::string_view> parts;
    std::source_location where = std::source_location::current();
  };
  const std::string long_key(limits::toml_key_bytes_max + 1, 'k');
  for (const Case& one : std::initializer_list<Case>{
           {"no TOML", "title = \"a\"\nopen = tru\n", {"cart.toml:2:", "Correct the TOML here:"}},
           {"a string that never ends", "\ntitle = \"a\n", {"cart.toml:2:"}},
           {"a key twice", "open = true\nopen = true\n", {"cart.toml:2:"}},
           {"no UTF-8", "title = \"\xff\"", {"cart.toml:1:"}},
           {"a string for a number",
            "[spare]\nspokes = \"8\"\n",
            {"cart.toml:2: spare.spokes: Give a whole number from 0 to 65535: found \"8\"."}},
           {"a number out of range",
            "[spare]\n\nspokes = 65536",
            {"cart.toml:3: spare.spokes: Give a whole number from 0 to 65535: found 65536."}},
           {"a whole number with a fraction",
            "spare.spokes = 8.0",
            {"cart.toml:1: spare.spokes: Give a whole number"}},
           {"a number for a table", "spare = 3", {"cart.toml:1: spare: Give a table: found 3."}},
           {"a table for a list",
            "\n[wheel]\nname = \"a\"",
            {"cart.toml:2: wheel: Give a list: found a table."}},
           {"an unknown word",
            "colour = \"blue\"",
            {"cart.toml:1: colour: Give one of \"red\" or \"green\": found \"blue\"."}},
           {"in the second of a list",
            "[[wheel]]\nname=\"a\"\n[[wheel]]\nname = 1\n",
            {"cart.toml:4: wheel.name: Give a string: found 1."}},
           {"not finite",
            "[spare]\nradius = nan",
            {"cart.toml:2: Give a finite number, not inf or nan."}},
           {"a long key", long_key + " = 1", {"cart.toml:1: A key has at most 200 bytes."}}}) {
    expect_refused(read_cart(one.text), one.parts, one.what, one.where);
  }
}

TEST(Toml, WhatIsRequiredMustBeThere) {
  const auto required = [](std::string_view text) {
    return read_cart(text, json::Missing::refused);
  };
  const std::string rest =
      "title='a'\nopen=true\ncolour='red'\nbuilt=''\nspare={name='s',spokes=1}\n";
  EXPECT_TRUE(required(rest));
  expect_refused(required(rest + "\n[[wheel]]\nspokes = 2\n"),
                 {"cart.toml:7: wheel.name: Add \"name\", a string: it is missing."},
                 "within a list");
  expect_refused(required("title = 'a'"),
                 {"cart.toml:1: open: Add \"open\", true or false: it is missing."}, "at the top");
}

TEST(Toml, AnUnknownKeyIsRefusedWithTheOneThatWasMeant) {
  struct Case {
    std::string_view text;
    std::string_view answer;
    std::source_location where = std::source_location::current();
  };
  for (
      const Case& one :
      {Case{"titel = 'a'", R"(cart.toml:1: There is no key "titel". Did you mean "title"?)"},
       Case{"[spare]\nname = 'a'\nspoke = 1",
            R"(cart.toml:3: There is no key "spoke" in [spare]. Did you mean "spokes"?)"},
       Case{"spokes = 1", R"(cart.toml:1: There is no key "spokes". It belongs into [spare].)"},
       Case{"[[wheel]]\nname='a'\n[[wheel]]\n\nnmae='b'",
            R"(cart.toml:5: There is no key "nmae" in [wheel]. Did you mean "name"?)"},
       Case{
           "zzz = 1",
           R"(cart.toml:1: There is no key "zzz". Known are: title, open, colour, built, spare, wheel.)"}}) {
    expect_refused(read_cart(one.text), {one.answer}, one.text, one.where);
    EXPECT_TRUE(read_cart(one.text, json::Missing::defaulted, UnknownKeys::tolerated)) << one.text;
  }
}

TEST(Toml, DepthIsBoundedBeforeTheParserSeesIt) {
  const std::string brackets = repeated("[", 100'000);
  const std::string dots = repeated("a.", 100'000) + "a = 1";
  const std::string spaced_dots = repeated("a . \"b\" . 'c' . ", 20'000) + "a = 1";
  expect_refused(read_cart("x = " + brackets), {"cart.toml:1:", "At most 32 lists and tables"},
                 "brackets");
  expect_refused(read_cart("\n" + dots), {"cart.toml:2: A key has at most 16 parts."}, "dots");
  expect_refused(read_cart("\n\n[" + dots), {"cart.toml:3: A key has at most 16 parts."},
                 "dots of a table");
  expect_refused(read_cart(spaced_dots), {"A key has at most 16 parts."}, "dots with space");
  expect_refused(read_cart("s = \"\"\"\"\"\"\"\n" + dots), {"A key has at most 16 parts."},
                 "behind a string that is none");
  expect_refused(read_cart("s = \"\"\"a\"\"\"\"\"\n" + dots), {"A key has at most 16 parts."},
                 "behind a long string");
  expect_refused(
      read_cart("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o = {a.b.c.d.e.f.g.h.i.j.k.l.m.n.o = {a.b.c.d = 1}}"),
      {"cart.toml:1:", "At most 32 tables and lists"}, "tables by keys of many parts");
  EXPECT_TRUE(read_cart("title = \"" + repeated("a.[{", 1'000) + "\\\"" + repeated("a.[{", 100) +
                        "\" # " + repeated("[a.", 100)))
      << "text is no nesting";
  EXPECT_TRUE(read_cart("title = '''\n" + repeated("\"a.[\n", 100) + "'''"));
}

TEST(Toml, SizeIsBounded) {
  const std::string fits(limits::toml_bytes_max, '\n');
  EXPECT_TRUE(read_cart(fits));
  expect_refused(read_cart(fits + "\n"), {"cart.toml: A TOML file has at most 1048576 bytes"},
                 "one more");
}

TEST(Toml, PlacesArePointers) {
  const auto toml =
      TomlText::parse("t", "a = 1\n[b]\n\"c/~d\" = [\n  1,\n  {e = 2}]\n[[f]]\n[[f]]\ng = 1");
  ASSERT_TRUE(toml);
  EXPECT_EQ(toml->json(), R"({"a":1,"b":{"c/~d":[1,{"e":2}]},"f":[{},{"g":1}]})");
  EXPECT_EQ(toml->at(""), "t:1");
  EXPECT_EQ(toml->at("/b"), "t:2");
  EXPECT_EQ(toml->at("/b/c~1~0d"), "t:3");
  EXPECT_EQ(toml->at("/b/c~1~0d/1/e"), "t:5");
  EXPECT_EQ(toml->at("/f/1"), "t:7");
  EXPECT_EQ(toml->at("/f/1/g"), "t:8");
  EXPECT_EQ(toml->at("/f/1/missing/more"), "t:7");
  EXPECT_EQ(toml->at("/f/9"), "t:6");
}

TEST(Nearest, TheWordThatWasMeant) {
  constexpr std::string_view known[] = {"address", "port", "unix_socket", "threads", "log_level"};
  struct Case {
    std::string_view word;
    std::string_view meant;
  };
  for (const Case& one :
       {Case{"prot", "port"}, Case{"Port", "port"}, Case{"adress", "address"},
        Case{"thread", "threads"}, Case{"loglevel", "log_level"}, Case{"unixsocket", "unix_socket"},
        Case{"hostname", ""}, Case{"", ""}, Case{"pppp", ""}, Case{"port", "port"}}) {
    EXPECT_EQ(nearest(one.word, known), one.meant) << one.word;
  }
  EXPECT_EQ(hint("prot", known), " Did you mean \"port\"?");
  EXPECT_EQ(hint("zzzzz", std::span(known).first(2)), " Known are: address, port.");
}

}  // namespace
}  // namespace fabrica::test
