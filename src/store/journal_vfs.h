#pragma once

namespace fabrica::store {

/// The name of a SQLite file layer that is the system's own but for the write-ahead journal: what
/// is written to that in a row goes out in one call when it is synced, or read, instead of two
/// calls a page. Only for connections that sync each commit (synchronous=FULL): the journal's index
/// tells other connections of a commit after that sync, so none can look for pages that are still
/// here.
const char* journal_vfs();

}  // namespace fabrica::store
