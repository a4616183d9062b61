#include "store/job_key.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

#include "base/check.h"

namespace fabrica::store {

namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::string_view token_begins = "fabjob_";

std::string random_secret() {
  std::array<unsigned char, secret_bytes> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "there is randomness");
  return {bytes.begin(), bytes.end()};
}

// Whole and on the disk, or not there.
bool write_secret(const std::filesystem::path& file, const std::string& secret) {
  const std::filesystem::path fresh = file.string() + ".new";
  const int descriptor =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return false;
  const bool written =
      ::write(descriptor, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) &&
      ::fsync(descriptor) == 0;
  ::close(descriptor);
  return written && ::rename(fresh.c_str(), file.c_str()) == 0;
}

}  // namespace

Result<JobKey> JobKey::open(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "job-key";
  std::ifstream in(file, std::ios::binary);
  std::string secret{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (secret.size() == secret_bytes) return JobKey(std::move(secret));
  if (in.is_open()) {
    return refuse(
        refusal::unavailable, "data_directory",
        fmt::format("{} is damaged. Restore it from a backup, or remove it: jobs that run "
                    "then can no longer speak for themselves.",
                    file.string()));
  }
  secret = random_secret();
  if (write_secret(file, secret)) return JobKey(std::move(secret));
  return refuse(refusal::unavailable, "data_directory",
                fmt::format("{} cannot be written.", file.string()));
}

std::string JobKey::token(jobs::JobId job, std::uint32_t attempt) const {
  const std::string text = fmt::format("{}.{}", job.value, attempt);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  const auto* made =
      HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &size);
  CHECK(made != nullptr, "HMAC is there");
  std::string token(token_begins);
  for (unsigned int i = 0; i < size; ++i) token += fmt::format("{:02x}", bytes.at(i));
  return token;
}

bool JobKey::fits(std::string_view text, jobs::JobId job, std::uint32_t attempt) const {
  const std::string right = token(job, attempt);
  return text.size() == right.size() && CRYPTO_memcmp(text.data(), right.data(), text.size()) == 0;
}

}  // namespace fabrica::store
