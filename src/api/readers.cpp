#include "api/readers.h"

namespace fabrica::api {

Readers::Borrowed Readers::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<store::Reader> reader = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(reader)};
    }
  }
  return {*this, std::make_unique<store::Reader>(directory_)};
}

void Readers::give_back(std::unique_ptr<store::Reader> reader) {
  try {
    reader->end_view();
  } catch (const store::SqliteError&) {
    return;  // its file is in trouble; the next request opens another and says so
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(reader));
}

}  // namespace fabrica::api
