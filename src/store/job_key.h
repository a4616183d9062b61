#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "jobs/types.h"

namespace fabrica::store {

/// Makes the tokens by which a running job speaks for itself, and for nothing else: each is good
/// for one attempt of one job. They are computed (HMAC-SHA-256, RFC 2104), so none is kept; the key
/// lies in the file `job-key` of the data directory, mode 0600. Any thread.
class JobKey {
 public:
  /// Reads the key, or makes it. Refused when the file cannot be read or written.
  static Result<JobKey> open(const std::filesystem::path& directory);

  /// "fabjob_" and 64 hexadecimal digits.
  std::string token(jobs::JobId job, std::uint32_t attempt) const;
  /// In a time that does not depend on the text.
  bool fits(std::string_view token, jobs::JobId job, std::uint32_t attempt) const;

 private:
  explicit JobKey(std::string secret) : secret_(std::move(secret)) {}

  std::string secret_;
};

}  // namespace fabrica::store
