#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/outcome.h"
#include "shims/command_line.h"

/// What tables of Slurm's commands are made of: a table of fields, of which a format names some.
namespace fabrica::shims {

/// One thing that a table can show of a row. In squeue's and sinfo's a letter and a name stand for
/// it; in sacct's the name is the header too, and `width` is what it takes, to the left below zero.
template <class Row>
struct Field {
  char letter = '\0';
  std::string_view name;
  std::string_view header;
  std::string (*text)(const Row&) = nullptr;
  int width = 0;
};

/// A field at its place. Width zero: as wide as the text. What is longer is cut.
template <class Row>
struct Column {
  const Field<Row>* field = nullptr;
  std::size_t width = 0;
  bool right = false;
  std::string after;
};

/// A line: `before`, then the columns.
template <class Row>
struct Format {
  std::string before;
  std::vector<Column<Row>> columns;

  std::string header() const {
    return line([](const Column<Row>& column) { return std::string(column.field->header); });
  }
  std::string line_of(const Row& row) const {
    return line([&](const Column<Row>& column) { return column.field->text(row); });
  }

 private:
  template <class Text>
  std::string line(const Text& text_of) const;
};

/// `text` in a column's width. With `marks_cut` the last character of what was cut is "+".
std::string fitted(std::string text, std::size_t width, bool right, bool marks_cut);

/// True when both are the same but for capitals.
bool same_word(std::string_view a, std::string_view b);

/// The number at the front of `text`, which is taken away from it; zero when there is none.
std::size_t take_number(std::string_view& text);

std::unexpected<Failure> no_such_field(std::string_view program, std::string_view field);

/// "%.18i %j|": each is % [.] [width] letter, and what follows up to the next.
template <class Row>
Outcome<Format<Row>> percent_format(std::string_view program, std::span<const Field<Row>> fields,
                                    std::string_view text) {
  Format<Row> format;
  while (!text.empty()) {
    std::string& between = format.columns.empty() ? format.before : format.columns.back().after;
    const std::size_t percent = std::min(text.find('%'), text.size());
    between += text.substr(0, percent);
    text.remove_prefix(percent);
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.starts_with('#')) text.remove_prefix(1);  // as wide as needed
    const bool right = text.starts_with('.');
    if (right) text.remove_prefix(1);
    const std::size_t width = take_number(text);
    const auto field =
        text.empty() ? fields.end() : std::ranges::find(fields, text.front(), &Field<Row>::letter);
    if (field == fields.end()) return no_such_field(program, text.substr(0, 1));
    format.columns.push_back({&*field, width, right, {}});
    text.remove_prefix(1);
  }
  return format;
}

/// "JobID,State:.12,Name:30": 20 wide where no width is given.
template <class Row>
Outcome<Format<Row>> named_format(std::string_view program, std::span<const Field<Row>> fields,
                                  std::string_view text) {
  Format<Row> format;
  for (const std::string& part : split_at_commas(text)) {
    std::string_view name = part;
    std::string_view rest;
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
      rest = name.substr(colon + 1);
      name = name.substr(0, colon);
    }
    const auto field = std::ranges::find_if(
        fields, [&](const Field<Row>& one) { return same_word(one.name, name); });
    if (field == fields.end()) return no_such_field(program, name);
    const bool right = rest.starts_with('.');
    if (right) rest.remove_prefix(1);
    const std::size_t width = take_number(rest);
    format.columns.push_back({&*field, width == 0 ? 20 : width, right, std::string(rest)});
  }
  return format;
}

template <class Row>
template <class Text>
std::string Format<Row>::line(const Text& text_of) const {
  std::string out = before;
  for (const Column<Row>& column : columns) {
    out += fitted(text_of(column), column.width, column.right, false);
    out += column.after;
  }
  return out;
}

}  // namespace fabrica::shims
