#include "sbatch/tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "sbatch/lint.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

constexpr std::string_view marker = "#SBATCH";

/// Where the byte at `offset` of a line stands.
Place at(std::uint32_t line, std::size_t offset) {
  return {Origin::directive, line, static_cast<std::uint32_t>(offset + 1)};
}

/// Splits one directive line. Knows nothing of options.
class LineSplitter {
 public:
  LineSplitter(std::string_view line, std::uint32_t number, Header& header, Findings& findings)
      : line_(line), number_(number), header_(header), findings_(findings) {}

  /// Appends the tokens after the marker; stops at a comment, or at what makes the rest senseless.
  void split() {
    const std::size_t tokens_before = header_.tokens.size();
    at_ = marker.size();
    while (skip_spaces() && line_[at_] != '#' && read_token()) {
    }
    if (refuse_placeholder() || refuse_lookalike(tokens_before)) {
      header_.tokens.resize(tokens_before);
    }
  }

 private:
  /// False at the end of the line.
  bool skip_spaces() {
    while (at_ < line_.size() && is_space(line_[at_])) ++at_;
    return at_ < line_.size();
  }

  bool read_token() {
    const std::size_t start = at_;
    if (line_[at_] == ':') {
      findings_.error(at(number_, at_), "",
                      "Heterogeneous jobs (\":\" between options) are not taken.",
                      "Submit one job for each part, or ask for the same on every node.");
      return false;
    }
    while (at_ < line_.size() && !ends_plain_token(line_[at_]) && !begins_special(line_[at_]))
      ++at_;
    if (at_ == line_.size() || ends_plain_token(line_[at_])) {
      return add({line_.substr(start, at_ - start), at(number_, start), true, bytes_from(start)});
    }
    return read_quoted_token(start);
  }

  static bool ends_plain_token(char c) { return is_space(c) || c == '#'; }
  static bool begins_special(char c) { return c == '"' || c == '\'' || c == '\\'; }

  /// A token with a quote or a backslash in it, read again from its start.
  bool read_quoted_token(std::size_t start) {
    std::string text;
    char quote = '\0';
    std::size_t quote_at = start;
    for (at_ = start; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (c == '\\') {
        // A backslash does not join words: before a blank it vanishes, and the blank still
        // separates.
        if (at_ + 1 == line_.size() || (quote == '\0' && is_space(line_[at_ + 1]))) continue;
        text += line_[++at_];
      } else if (c == quote) {
        quote = '\0';
      } else if (quote == '\0' && (c == '"' || c == '\'')) {
        quote = c;
        quote_at = at_;
      } else if (quote == '\0' && ends_plain_token(c)) {
        break;
      } else {
        text += c;
      }
    }
    if (quote != '\0') {
      findings_.error(at(number_, quote_at), "", fmt::format("The quote {} is not closed.", quote),
                      "Close it; before a lone apostrophe write a backslash.");
      return false;
    }
    if (text.empty()) return refuse_empty_token(start);
    header_.unquoted.push_back(std::move(text));
    return add({header_.unquoted.back(), at(number_, start), false, bytes_from(start)});
  }

  std::uint32_t bytes_from(std::size_t start) const {
    return static_cast<std::uint32_t>(at_ - start);
  }

  bool refuse_empty_token(std::size_t start) {
    const bool lone_backslash = line_[start] == '\\';
    if (lone_backslash && !skip_spaces()) {
      findings_.warning(at(number_, start), "", "A backslash does not continue a directive.",
                        "Begin the next line with #SBATCH.");
    } else if (lone_backslash) {
      findings_.error(at(number_, start), "", "sbatch ignores what follows a lone backslash.",
                      "Remove the backslash.");
    } else {
      findings_.error(at(number_, start), "", "sbatch ignores an empty word and what follows it.",
                      "Remove it, or give it as --option=\"\".");
    }
    return false;
  }

  bool add(const Token& token) {
    if (token.text == "hetjob" || token.text == "packjob") {
      if (token.plain) {
        findings_.error(token.place, "",
                        fmt::format("Heterogeneous jobs (\"{}\") are not taken.", token.text),
                        "Submit one job for each part, or ask for the same on every node.");
        return false;
      }
    }
    header_.tokens.push_back(token);
    return true;
  }

  /// Looks at the line up to its comment.
  bool refuse_placeholder() {
    const std::string_view seen = line_.substr(0, at_);
    if (seen.find_first_of("{<") == std::string_view::npos) return false;
    const std::string_view found = find_placeholder(seen);
    if (found.empty()) return false;
    const auto offset = static_cast<std::size_t>(found.data() - line_.data());
    findings_.error(at(number_, offset), "",
                    fmt::format("\"{}\" is a placeholder that was not filled in.", found),
                    "Put the value in its place.");
    return true;
  }

  bool refuse_lookalike(std::size_t tokens_before) {
    for (std::size_t i = tokens_before; i < header_.tokens.size(); ++i) {
      const Token& token = header_.tokens[i];
      if (!token.plain) continue;
      const Lookalike found = find_lookalike(token.text);
      if (found.size == 0) continue;
      Place place = token.place;
      place.column += static_cast<std::uint32_t>(found.offset);
      findings_.error(place, "",
                      fmt::format("This is {}, pasted from a document perhaps.", found.name),
                      fmt::format("Type {} instead.", found.proper));
      return true;
    }
    return false;
  }

  std::string_view line_;
  std::uint32_t number_;
  Header& header_;
  Findings& findings_;
  std::size_t at_ = 0;
};

/// The name behind "<<" or "<<-", unquoted, when this line opens a here-document.
std::string_view here_document_end(std::string_view line, bool& tabs) {
  const std::size_t mark = line.find("<<");
  if (mark == std::string_view::npos || line.substr(mark).starts_with("<<<")) return {};
  std::string_view word = line.substr(mark + 2);
  tabs = word.starts_with('-');
  if (tabs) word.remove_prefix(1);
  while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
  if (!word.empty() && (word.front() == '"' || word.front() == '\'' || word.front() == '\\')) {
    word.remove_prefix(1);
  }
  std::size_t length = 0;
  while (length < word.size() &&
         (is_letter(word[length]) || is_digit(word[length]) || word[length] == '_'))
    ++length;
  if (length == 0 || is_digit(word.front())) return {};
  return word.substr(0, length);
}

bool is_marked(std::string_view line) {
  return line.starts_with(marker) || line.starts_with("#PBS") || line.starts_with("#BSUB");
}

bool has_marked_line(std::string_view text) {
  while (true) {
    if (text.starts_with('#') && is_marked(text)) return true;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
}

/// Walks over the lines of a script.
class ScriptReader {
 public:
  ScriptReader(std::string_view script, Header& header, Findings& findings)
      : rest_(script), header_(header), findings_(findings) {}

  void read() {
    bool in_header = true;
    while (in_header && next_line()) in_header = read_header_line();
    if (in_header) return;
    // Most scripts have nothing of interest here, and this search is quicker than the walk.
    if (!has_marked_line(rest_)) return;
    do {
      read_body_line();
    } while (next_line());
  }

 private:
  bool next_line() {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    ++number_;
    return true;
  }

  /// False at the first command.
  bool read_header_line() {
    if (line_.starts_with(marker)) {
      read_directive();
      return true;
    }
    const std::size_t first = line_.find_first_not_of(" \t\v\f\r");
    if (first == std::string_view::npos) return true;
    if (line_[first] != '#') return false;
    if (!note_foreign()) remark_on_comment(line_, number_, findings_);
    return true;
  }

  void read_directive() {
    if (line_.size() > limits::sbatch_line_bytes_max) {
      findings_.error(
          at(number_, 0), "",
          fmt::format("This line is longer than {} bytes.", limits::sbatch_line_bytes_max),
          "Split it into several #SBATCH lines.");
      return;
    }
    LineSplitter(line_, number_, header_, findings_).split();
  }

  void read_body_line() {
    if (!awaited_.empty()) {
      std::string_view line = line_;
      while (tabs_ && line.starts_with('\t')) line.remove_prefix(1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line == awaited_) awaited_ = {};
    } else if (line_.starts_with(marker)) {
      findings_.warning(at(number_, 0), "", "sbatch ignores this line: a command stands before it.",
                        "Move it above the first command.");
    } else if (line_.find("<<") != std::string_view::npos) {
      awaited_ = here_document_end(line_, tabs_);
    }
    note_foreign();
  }

  /// sbatch obeys #PBS and #BSUB lines anywhere in a script.
  bool note_foreign() {
    if (!line_.starts_with("#PBS") && !line_.starts_with("#BSUB")) return false;
    if (header_.foreign.size() < limits::sbatch_diagnostics_max) {
      header_.foreign.push_back(at(number_, 0));
    }
    return true;
  }

  std::string_view rest_;
  Header& header_;
  Findings& findings_;
  std::string_view line_;
  std::uint32_t number_ = 0;
  std::string_view awaited_;  // ends the here-document that we are in
  bool tabs_ = false;
};

/// Where the byte at `offset` of the whole script stands.
Place locate(std::string_view script, std::size_t offset) {
  const std::string_view before = script.substr(0, offset);
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(before, '\n'));
  const std::size_t newline = before.rfind('\n');
  return at(lines + 1, newline == std::string_view::npos ? offset : offset - newline - 1);
}

/// What makes sbatch refuse a script before it reads any directive.
void check_bytes(std::string_view script, Findings& findings) {
  if (script.starts_with("\xEF\xBB\xBF")) {
    findings.error(at(1, 0), "", "The script begins with a byte order mark.",
                   "Save it as UTF-8 without one.");
  } else if (!script.starts_with("#!")) {
    findings.error(at(1, 0), "", "The first line does not begin with #! and an interpreter.",
                   "Write #!/bin/bash as the first line.");
  }
  if (const std::size_t nul = script.find('\0'); nul != std::string_view::npos) {
    findings.error(locate(script, nul), "", "The script has a NUL byte in it.", "Remove it.");
  }
  if (const std::size_t end = script.find("\r\n"); end != std::string_view::npos) {
    findings.error(locate(script, end), "", "The script has Windows line ends.",
                   "Remove them: sed -i 's/\\r$//' SCRIPT.");
  }
}

}  // namespace

Header read_header(std::string_view script, Findings& findings) {
  Header header;
  if (script.size() > limits::script_bytes_max) {
    findings.error(at(1, 0), "",
                   fmt::format("The script is longer than {} bytes.", limits::script_bytes_max),
                   "Keep data and programs in files of their own.");
    return header;
  }
  if (script.empty()) {
    findings.error(at(1, 0), "", "The script is empty.", "Begin it with #!/bin/bash.");
    return header;
  }
  check_bytes(script, findings);
  ScriptReader(script, header, findings).read();
  return header;
}

}  // namespace fabrica::sbatch
