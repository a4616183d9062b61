#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/time.h"

namespace fabrica::sites::slurm {

/// What the operator of a server is told of a cluster: when it stops to answer and why, when it
/// answers again, what is wrong with it though it answers, and which submissions it refuses. Never
/// the same twice within moments, however often it is noticed.
class Notices {
 public:
  using Say = std::function<void(std::string_view)>;

  /// Nothing is told where `say` is empty.
  explicit Notices(Say say) : say_(std::move(say)) {}

  enum class Part : std::uint8_t { controller, accounting };

  /// Told at once, then every ten minutes, and when `why` has changed, at most twice a minute.
  void silent(Part part, Time now, const std::string& why);
  /// Told when it was silent.
  void answered(Part part, Time now);

  enum class Oddity : std::uint8_t { name, comment, clock, limit };

  /// Told once.
  void odd(Oddity oddity, const std::string& text);

  /// Told once a minute where the text is the same.
  void refused(Time now, const std::string& text);

 private:
  struct Silence {
    bool is = false;
    Time since;
    Time said;
    std::string why;
  };
  void say(const std::string& text) const {
    if (say_) say_(text);
  }

  Say say_;
  std::array<Silence, 2> silences_;
  std::set<Oddity> oddities_;
  std::string refusal_;
  Time refusal_said_;
};

}  // namespace fabrica::sites::slurm
