#include "sites/slurm/reply_pieces.h"

namespace fabrica::sites::slurm {

namespace {

/// Walks over a JSON text. Each step is false where the text is not what is looked for.
class PieceScanner {
 public:
  explicit PieceScanner(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }

  bool take(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }

  /// A text in quotes, with them, as it is written.
  std::optional<std::string_view> string() {
    skip_space();
    const std::size_t start = at_;
    if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return text_.substr(start, at_ - start);
      }
    }
    return std::nullopt;
  }

  /// Any value: up to the comma or bracket after it.
  std::optional<std::string_view> value() {
    skip_space();
    const std::size_t start = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!string()) return std::nullopt;
        continue;
      }
      if (depth == 0 && (c == ',' || c == ']' || c == '}')) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    }
    if (at_ >= text_.size() || at_ == start) return std::nullopt;
    return text_.substr(start, at_ - start);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool scan_jobs(PieceScanner& scanner, std::size_t jobs_max, std::vector<std::string_view>& jobs) {
  if (scanner.take(']')) return true;
  do {
    const auto job = scanner.value();
    if (!job || jobs.size() >= jobs_max) return false;
    jobs.push_back(*job);
  } while (scanner.take(','));
  return scanner.take(']');
}

}  // namespace

std::optional<ReplyPieces> take_apart(std::string_view reply, std::size_t jobs_max) {
  PieceScanner scanner(reply);
  ReplyPieces pieces;
  if (!scanner.take('{')) return std::nullopt;
  if (!scanner.take('}')) {
    do {
      const auto name = scanner.string();
      if (!name || !scanner.take(':')) return std::nullopt;
      if (!pieces.has_jobs && *name == "\"jobs\"" && scanner.take('[')) {
        pieces.has_jobs = true;
        pieces.envelope = reply.substr(0, scanner.at());
        if (!scan_jobs(scanner, jobs_max, pieces.jobs)) return std::nullopt;
        pieces.envelope += reply.substr(scanner.at() - 1);
      } else if (!scanner.value()) {
        return std::nullopt;
      }
    } while (scanner.take(','));
    if (!scanner.take('}')) return std::nullopt;
  }
  if (!scanner.at_end()) return std::nullopt;
  if (!pieces.has_jobs) pieces.envelope = reply;
  return pieces;
}

}  // namespace fabrica::sites::slurm
