#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <thread>

#include "store/sqlite.h"

namespace fabrica::store {

/// Keeps the write-ahead journal short beside a busy writer. Moving its pages into the file takes
/// tens of milliseconds, which a thread of its own does while the writer goes on appending; that
/// alone never catches up, and SQLite begins the journal anew only when all of it has been moved.
/// So once little is left the writer moves that little itself, between two commits.
///
/// The journal stays below `journal_frames` and what the writer adds in two or three passes,
/// unless a reader holds an old view for long.
class Checkpoints {
 public:
  static constexpr int journal_frames = 1'000;  // begin to move at this length; a frame is a page

  /// For the log that `writer` writes; both must outlive this. Takes the writer's commit hook.
  Checkpoints(Database& writer, const std::filesystem::path& file);
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;
  ~Checkpoints();

  /// The writer calls this after each commit, outside of a transaction.
  void after_commit();

 private:
  enum class Stage : std::uint8_t { resting, moving, nearly };

  void run();
  void move_most();

  Database& writer_;
  Database database_;
  int frames_ = 0;                 // in the journal after the writer's last commit
  int begin_at_ = journal_frames;  // frames at which to begin next
  std::mutex mutex_;
  std::condition_variable wake_;
  Stage stage_ = Stage::resting;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fabrica::store
