#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "store/reader.h"

namespace fabrica::api {

/// Connections to the read tables, lent to one request at a time. There are never more than
/// requests at work at once, which is at most one a server thread.
class Readers {
 public:
  explicit Readers(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// A borrowed reader; goes back at the end of its life. What is read with it is of one moment.
  /// Not to be kept over a co_await.
  class Borrowed {
   public:
    Borrowed(Readers& from, std::unique_ptr<store::Reader> reader)
        : from_(from), reader_(std::move(reader)) {
      reader_->begin_view();
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { from_.give_back(std::move(reader_)); }

    store::Reader* operator->() const { return reader_.get(); }
    store::Reader& operator*() const { return *reader_; }

   private:
    Readers& from_;
    std::unique_ptr<store::Reader> reader_;
  };

  Borrowed borrow();

 private:
  void give_back(std::unique_ptr<store::Reader> reader);

  std::filesystem::path directory_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<store::Reader>> idle_;
};

}  // namespace fabrica::api
