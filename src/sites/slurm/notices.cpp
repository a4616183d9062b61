#include "sites/slurm/notices.h"

#include <fmt/core.h>

#include <cstddef>

namespace fabrica::sites::slurm {

namespace {

constexpr Duration again_after = minutes(10);
constexpr Duration changed_after = seconds(30);
constexpr Duration refused_after = minutes(1);

std::string_view noun_of(Notices::Part part) {
  return part == Notices::Part::controller ? "the cluster" : "its accounting";
}

}  // namespace

void Notices::silent(Part part, Time now, const std::string& why) {
  Silence& silence = silences_.at(static_cast<std::size_t>(part));
  const Duration after = silence.why == why ? again_after : changed_after;
  if (silence.is && now < silence.said + after) return;
  if (!silence.is) silence.since = now;
  silence.is = true;
  silence.said = now;
  silence.why = why;
  say(fmt::format("{} does not answer, and its jobs wait: {}", noun_of(part), why));
}

void Notices::answered(Part part, Time now) {
  Silence& silence = silences_.at(static_cast<std::size_t>(part));
  if (!silence.is) return;
  silence.is = false;
  say(fmt::format("{} answers again, after {} s", noun_of(part),
                  (now - silence.since).ms / seconds(1).ms));
}

void Notices::odd(Oddity oddity, const std::string& text) {
  if (oddities_.insert(oddity).second) say(text);
}

void Notices::refused(Time now, const std::string& text) {
  if (text == refusal_ && now < refusal_said_ + refused_after) return;
  refusal_ = text;
  refusal_said_ = now;
  say(text);
}

}  // namespace fabrica::sites::slurm
