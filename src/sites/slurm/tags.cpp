#include "sites/slurm/tags.h"

#include <fmt/core.h>

#include <charconv>

#include "base/limits.h"
#include "base/utf8.h"

namespace fabrica::sites::slurm {

namespace {

template <class Number>
bool take_digits(std::string_view& rest, Number& number) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc{} || number == 0) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

// The tag that `text` begins with; after it comes nothing, or a space where `more` may follow.
std::optional<Tag> tag_at_start(std::string_view text, std::string_view installation, bool more) {
  const std::string start = fmt::format("fab:{}.", installation);
  if (!text.starts_with(start)) return std::nullopt;
  text.remove_prefix(start.size());
  Tag tag;
  if (!take_digits(text, tag.job.value) || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  if (!take_digits(text, tag.attempt)) return std::nullopt;
  if (!text.empty() && !(more && text.starts_with(' '))) return std::nullopt;
  return tag;
}

}  // namespace

std::string tag_text(std::string_view installation, const Tag& tag) {
  return fmt::format("fab:{}.{}.{}", installation, tag.job.value, tag.attempt);
}

std::string name_with_tag(std::string_view name, std::string_view installation, const Tag& tag) {
  const std::string end = " " + tag_text(installation, tag);
  return std::string(cut_utf8(name, limits::name_bytes_max - end.size())) + end;
}

std::optional<Tag> tag_of(const ClusterJob& job, std::string_view installation) {
  if (const auto tag = tag_at_start(job.comment, installation, true)) return tag;
  const std::size_t at = job.name.rfind(" fab:");
  if (at == std::string::npos) return std::nullopt;
  return tag_at_start(std::string_view(job.name).substr(at + 1), installation, false);
}

}  // namespace fabrica::sites::slurm
