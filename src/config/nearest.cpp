#include "config/nearest.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace fabrica::config {

namespace {

constexpr std::size_t word_bytes_max = 64;
constexpr std::size_t words_shown_max = 20;

// Edits that turn `a` into `b`: a letter changed, left out or added, or two neighbours swapped.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({changed, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  if (word.size() > word_bytes_max) return best;
  std::size_t edits_best = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view one : known) {
    if (one.size() > word_bytes_max) continue;
    const std::size_t edits = edits_between(word, one);
    if (edits >= edits_best) continue;
    edits_best = edits;
    best = one;
  }
  return best;
}

std::string hint(std::string_view word, std::span<const std::string_view> known) {
  if (known.empty()) return "";
  const std::string_view best = nearest(word, known);
  if (!best.empty()) return fmt::format(" Did you mean \"{}\"?", best);
  std::string list;
  const auto shown = known.first(std::min(known.size(), words_shown_max));
  for (const std::string_view one : shown)
    list += fmt::format("{}{}", list.empty() ? "" : ", ", one);
  return fmt::format(" Known are: {}{}.", list, shown.size() < known.size() ? ", ..." : "");
}

}  // namespace fabrica::config
