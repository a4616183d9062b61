#include "store/journal_vfs.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include "base/check.h"

namespace fabrica::store {

namespace {

// SQLite's own file layer for Unix takes less than 128 KiB in one call.
constexpr std::size_t pending_max = std::size_t{96} << 10U;

sqlite3_vfs* system_vfs() {
  static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
  return found;
}

// The journal of one connection. SQLite gives the room for it, and for the system's file behind it.
struct Journal {
  sqlite3_file base;  // first: SQLite sees only this
  sqlite3_file* file;
  std::vector<std::byte> pending;
  sqlite3_int64 pending_at;
};
static_assert(offsetof(Journal, base) == 0);

constexpr std::size_t file_at =
    (sizeof(Journal) + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);

Journal& journal(sqlite3_file* file) { return *reinterpret_cast<Journal*>(file); }

int flush(Journal& to) {
  if (to.pending.empty()) return SQLITE_OK;
  const int code = to.file->pMethods->xWrite(to.file, to.pending.data(),
                                             static_cast<int>(to.pending.size()), to.pending_at);
  to.pending.clear();
  return code;
}

int close(sqlite3_file* file) {
  Journal& closed = journal(file);
  const int flushed = flush(closed);
  const int code = closed.file->pMethods->xClose(closed.file);
  closed.~Journal();
  return flushed != SQLITE_OK ? flushed : code;
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) noexcept {
  Journal& to = journal(file);
  const auto count = static_cast<std::size_t>(size);
  const auto behind = to.pending_at + static_cast<sqlite3_int64>(to.pending.size());
  if (at != behind || to.pending.size() + count > pending_max) {
    if (const int code = flush(to); code != SQLITE_OK) return code;
  }
  if (to.pending.empty()) to.pending_at = at;
  const auto* const first = static_cast<const std::byte*>(bytes);
  to.pending.insert(to.pending.end(), first, first + count);
  return SQLITE_OK;
}

// Every other act on the file is the system's, after what is pending.
template <auto method, class... Arguments>
int after_flush(sqlite3_file* file, Arguments... arguments) {
  Journal& of = journal(file);
  if (const int code = flush(of); code != SQLITE_OK) return code;
  return (of.file->pMethods->*method)(of.file, arguments...);
}

template <auto method, class... Arguments>
int at_once(sqlite3_file* file, Arguments... arguments) {
  Journal& of = journal(file);
  return (of.file->pMethods->*method)(of.file, arguments...);
}

using Methods = sqlite3_io_methods;

constexpr Methods journal_methods{
    .iVersion = 1,
    .xClose = &close,
    .xRead = &after_flush<&Methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = &write,
    .xTruncate = &after_flush<&Methods::xTruncate, sqlite3_int64>,
    .xSync = &after_flush<&Methods::xSync, int>,
    .xFileSize = &after_flush<&Methods::xFileSize, sqlite3_int64*>,
    .xLock = &at_once<&Methods::xLock, int>,
    .xUnlock = &at_once<&Methods::xUnlock, int>,
    .xCheckReservedLock = &at_once<&Methods::xCheckReservedLock, int*>,
    .xFileControl = &after_flush<&Methods::xFileControl, int, void*>,
    .xSectorSize = &at_once<&Methods::xSectorSize>,
    .xDeviceCharacteristics = &at_once<&Methods::xDeviceCharacteristics>,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  sqlite3_vfs* const system = system_vfs();
  if ((flags & SQLITE_OPEN_WAL) == 0) return system->xOpen(system, name, file, flags, flags_out);
  auto* const behind =
      reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + file_at);
  file->pMethods = nullptr;  // says that there is nothing to close
  const int code = system->xOpen(system, name, behind, flags, flags_out);
  if (code != SQLITE_OK) return code;
  new (file) Journal{{&journal_methods}, behind, {}, 0};
  return SQLITE_OK;
}

}  // namespace

const char* journal_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs own = *system_vfs();
    own.zName = "fabrica";
    own.pNext = nullptr;
    own.szOsFile += static_cast<int>(file_at);
    own.xOpen = &open;
    return own;
  }();
  [[maybe_unused]] static const bool registered = [] {
    CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "SQLite knows our file layer");
    return true;
  }();
  return vfs.zName;
}

}  // namespace fabrica::store
