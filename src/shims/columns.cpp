#include "shims/columns.h"

#include "cli/words.h"

namespace fabrica::shims {

namespace {

constexpr std::size_t width_max = 1'000;

// The bytes of the first `count` characters of UTF-8.
std::size_t bytes_of_first(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (begins && count-- == 0) break;
  }
  return at;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string fitted(std::string text, std::size_t width, bool right, bool marks_cut) {
  text = cli::printable(text);
  if (width == 0) return text;
  const std::size_t kept = bytes_of_first(text, width);
  if (kept < text.size()) {
    if (marks_cut) return text.substr(0, bytes_of_first(text, width - 1)) + "+";
    return text.substr(0, kept);
  }
  const std::string blanks(width - std::min(width, cli::display_width(text)), ' ');
  return right ? blanks + text : text + blanks;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::size_t take_number(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{} ? std::min(number, width_max) : width_max;
}

std::unexpected<Failure> no_such_field(std::string_view program, std::string_view field) {
  if (program == "sacct") {
    return in_these_words(fmt::format("sacct: error: Invalid field requested: \"{}\"", field));
  }
  return in_these_words(
      fmt::format("{}: error: Invalid job format specification: {}", program, field));
}

}  // namespace fabrica::shims
