#include "sbatch/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/limits.h"

namespace fabrica::sbatch {
namespace {

std::string where(const Place& place) {
  switch (place.origin) {
    case Origin::directive:
      return fmt::format("line {}, column {}", place.line, place.column);
    case Origin::environment:
      return fmt::format("environment variable {}", place.column);
    case Origin::command_line:
      return fmt::format("argument {}", place.column);
  }
  return {};
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  std::string text = fmt::format("{}: {}: ", where(diagnostic.place), name_of(diagnostic.severity));
  if (!diagnostic.option.empty()) text += diagnostic.option + ": ";
  text += diagnostic.text;
  if (!diagnostic.hint.empty()) text += " " + diagnostic.hint;
  return text;
}

void Findings::error(Place place, std::string option, std::string text, std::string hint) {
  error_ = true;
  add({Severity::error, place, std::move(option), std::move(text), std::move(hint)});
}

void Findings::warning(Place place, std::string option, std::string text, std::string hint) {
  add({Severity::warning, place, std::move(option), std::move(text), std::move(hint)});
}

void Findings::remark(Place place, std::string option, std::string text, std::string hint) {
  add({Severity::remark, place, std::move(option), std::move(text), std::move(hint)});
}

void Findings::add(Diagnostic diagnostic) {
  if (full_) return;
  if (found_.size() + 1 == limits::sbatch_diagnostics_max) {
    full_ = true;
    found_.push_back({diagnostic.severity,
                      diagnostic.place,
                      {},
                      fmt::format("More was found; only the first {} remarks are shown.",
                                  limits::sbatch_diagnostics_max - 1),
                      "Mend these first."});
    return;
  }
  const auto order = [](const Diagnostic& one) {
    return std::tuple(one.place.origin, one.place.line, one.place.column);
  };
  const auto after = std::ranges::upper_bound(found_, order(diagnostic), {}, order);
  found_.insert(after, std::move(diagnostic));
}

}  // namespace fabrica::sbatch
