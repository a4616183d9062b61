#pragma once

#include <deque>
#include <functional>

#include "store/memory_log.h"

namespace fabrica::test {

/// What a log may do with one append: keep it and say so; keep it and give no clear answer; lose it
/// and give none.
enum class Mood : std::uint8_t { clear, kept_in_doubt, lost_in_doubt };

/// A log in memory whose next answers are chosen beforehand; clear ones when none is left. Like a
/// log that several writers share, it may also grow by itself just before an append.
class DoubtfulLog : public EventLog {
 public:
  std::deque<Mood> moods;
  std::function<void(EventLog&)> another_writer;  // writes once, before the next append
  std::function<bool(State&)> snapshot = [](State&) { return false; };
  std::size_t asked = 0;

  Appended append(const Append& group) override {
    asked += 1;
    if (another_writer) std::exchange(another_writer, nullptr)(inner_);
    const Mood mood = moods.empty() ? Mood::clear : moods.front();
    if (!moods.empty()) moods.pop_front();
    if (mood == Mood::lost_in_doubt) return Appended::unknown;
    const Appended appended = inner_.append(group);
    return mood == Mood::clear ? appended : Appended::unknown;
  }
  std::vector<Recorded> read(Seq after, std::size_t limit) override {
    return inner_.read(after, limit);
  }
  std::optional<KeptReply> reply_to(CommandId id) override { return inner_.reply_to(id); }
  bool load_snapshot(State& state) override { return snapshot(state); }

  const std::vector<Recorded>& records() const { return inner_.records(); }
  const std::map<Sha256, std::string>& documents() const { return inner_.documents(); }

 private:
  store::MemoryLog inner_;
};

}  // namespace fabrica::test
