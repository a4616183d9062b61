#include "cli/table.h"

#include <algorithm>

#include "base/check.h"
#include "cli/words.h"

namespace fabrica::cli {

namespace {

constexpr std::string_view gap = "  ";
// A narrower last column is harder to read than a long line.
constexpr std::size_t wrap_width_min = 24;

std::string blanks(std::size_t count) { return std::string(count, ' '); }

// What all rows share while they are laid out.
struct Layout {
  std::vector<Table::Side> sides;
  std::vector<std::size_t> widths;
  bool colour;
};

std::string cell_text(const Layout& layout, std::size_t column, const Table::Cell& cell) {
  const std::size_t room =
      layout.widths[column] - std::min(layout.widths[column], display_width(cell.text));
  const std::string words = painted(layout.colour, cell.paint, cell.text);
  if (layout.sides[column] == Table::Side::right) return blanks(room) + words;
  return column + 1 == layout.widths.size() ? words : words + blanks(room);
}

void append_row(std::string& out, const Layout& layout, const std::vector<Table::Cell>& row) {
  const std::size_t last = row.size() - 1;
  const bool wraps = layout.sides[last] == Table::Side::left;
  const std::vector<std::string> lines =
      wraps ? wrapped(row[last].text, layout.widths[last]) : std::vector{row[last].text};
  std::string line;
  std::size_t indent = 0;
  for (std::size_t column = 0; column < last; ++column) {
    line += cell_text(layout, column, row[column]);
    line += gap;
    indent += layout.widths[column] + gap.size();
  }
  for (std::size_t at = 0; at < lines.size(); ++at) {
    line += cell_text(layout, last, {lines[at], row[last].paint});
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
    line = blanks(indent);
  }
}

}  // namespace

void Table::add(std::vector<Cell> cells) {
  CHECK(cells.size() == columns_.size(), "a row has a cell for each column");
  for (Cell& cell : cells) cell.text = printable(cell.text);
  rows_.push_back(std::move(cells));
}

std::string Table::text(bool colour, std::size_t columns_max) const {
  if (rows_.empty()) return {};
  std::vector<std::size_t> shown;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    if (std::ranges::any_of(rows_, [&](const auto& row) { return !row[column].text.empty(); })) {
      shown.push_back(column);
    }
  }
  if (shown.empty()) return {};
  Layout layout{{}, {}, colour};
  std::size_t before_last = 0;
  for (const std::size_t column : shown) {
    std::size_t width = display_width(columns_[column].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[column].text));
    if (column != shown.back()) before_last += width + gap.size();
    layout.sides.push_back(columns_[column].side);
    layout.widths.push_back(width);
  }
  if (columns_max >= before_last + wrap_width_min) {
    layout.widths.back() = std::min(layout.widths.back(), columns_max - before_last);
  }
  std::vector<Cell> titles;
  for (const std::size_t column : shown) titles.emplace_back(columns_[column].title, Paint::bold);
  std::string out;
  append_row(out, layout, titles);
  for (const auto& row : rows_) {
    std::vector<Cell> cells;
    for (const std::size_t column : shown) cells.push_back(row[column]);
    append_row(out, layout, cells);
  }
  return out;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace fabrica::cli
