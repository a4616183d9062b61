#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/describe.h"
#include "base/time.h"

namespace fabrica::live {

/// When a site itself last answered, and whether it has kept silent since.
struct SiteContact {
  Time last;  // zero: not since the start
  bool silent = false;
};
FABRICA_DESCRIBE(SiteContact, last, silent)

/// What the workers of sites noted last. For any thread.
class Contacts {
 public:
  void note(const std::string& site, const SiteContact& contact) {
    const std::scoped_lock lock(mutex_);
    contacts_.insert_or_assign(site, contact);
  }
  std::map<std::string, SiteContact> all() const {
    const std::scoped_lock lock(mutex_);
    return contacts_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, SiteContact> contacts_;  // by the site's short name
};

}  // namespace fabrica::live
