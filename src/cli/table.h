#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace fabrica::cli {

/// Rows for people: columns aligned by what a terminal shows, two blanks between them. A column in
/// which no row has a text is left out.
class Table {
 public:
  enum class Side : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Side side = Side::left;
  };
  struct Cell {
    Cell(std::string words, Paint colour = Paint::none) : text(std::move(words)), paint(colour) {}
    Cell(const char* words) : text(words) {}
    std::string text;
    Paint paint = Paint::none;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<Cell> cells);

  bool empty() const { return rows_.empty(); }

  /// With a newline at the end of each row; empty when there are no rows. The last column, where it
  /// is a left one, is broken into lines that fit into `columns_max` (0: not broken).
  std::string text(bool colour, std::size_t columns_max) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// Breaks a text at blanks so that no line is wider than `width`, unless a word is.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace fabrica::cli
