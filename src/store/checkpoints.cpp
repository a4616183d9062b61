#include "store/checkpoints.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <algorithm>

namespace fabrica::store {

namespace {

constexpr int little = 100;    // frames that the writer may move itself: about a millisecond
constexpr int passes_max = 8;  // then the disk is no faster than the writer, which has to wait

struct Moved {
  int frames = 0;  // in the journal
  int moved = 0;   // of them, into the file
};

// Moves what no reader needs in the journal. Nothing when another connection is at it, or on an
// error: the journal stays whole, and what ails the disk shows at the next commit.
Moved move_pages(const Database& database) {
  Moved moved;
  sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &moved.frames,
                            &moved.moved);
  return moved;
}

// SQLite syncs the file only once the whole journal has been moved. Done before, on the pages moved
// so far, little is left for that sync too.
void sync_file(const Database& database) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database.handle(), nullptr, SQLITE_FCNTL_FILE_POINTER,
                       static_cast<void*>(&file));
  file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

int note_frames(void* to, sqlite3* /*database*/, const char* /*schema*/, int frames) {
  *static_cast<int*>(to) = frames;
  return SQLITE_OK;
}

}  // namespace

Checkpoints::Checkpoints(Database& writer, const std::filesystem::path& file)
    : writer_(writer), database_(file.string(), Database::Mode::read_write) {
  sqlite3_wal_hook(writer_.handle(), &note_frames, &frames_);
  thread_ = std::thread([this] { run(); });
}

Checkpoints::~Checkpoints() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
  sqlite3_wal_hook(writer_.handle(), nullptr, nullptr);
}

void Checkpoints::after_commit() {
  if (frames_ < begin_at_ - journal_frames) begin_at_ = journal_frames;  // it was begun anew
  if (frames_ < begin_at_) return;
  {
    const std::lock_guard lock(mutex_);
    if (stage_ == Stage::moving) return;
    if (stage_ == Stage::resting) {
      stage_ = Stage::moving;
      wake_.notify_one();
      return;
    }
    stage_ = Stage::resting;
  }
  move_pages(writer_);
  // Where a reader still needs the journal it is not begun anew: try again after as much more.
  begin_at_ = frames_ + journal_frames;
}

void Checkpoints::move_most() {
  for (int pass = 0; pass < passes_max; ++pass) {
    const Moved moved = move_pages(database_);
    sync_file(database_);
    if (moved.frames - moved.moved <= little) return;
  }
}

void Checkpoints::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || stage_ == Stage::moving; });
    if (stopping_) return;
    lock.unlock();
    move_most();
    lock.lock();
    stage_ = Stage::nearly;
  }
}

}  // namespace fabrica::store
