#include "traces/cache.h"

#include <fmt/core.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "base/digest.h"
#include "base/limits.h"
#include "traces/swf.h"

namespace fabrica::traces {

namespace {

static_assert(std::endian::native == std::endian::little, "the cache holds numbers as they lie");

struct CloseCache {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using CacheFile = std::unique_ptr<std::FILE, CloseCache>;

/// What the file begins with; the jobs follow as they lie in memory. A new version where the layout
/// or what the reader makes of a line changes.
struct Head {
  std::uint64_t magic = 0x0065'6361'7274'4246;  // "FBtrace"
  std::uint64_t version = 1;
  Digest source;
  std::uint64_t jobs = 0;
  std::int64_t machine_width = 0;
  std::array<OddLines, oddities> odd{};
  Digest content;  // of all before and all behind
};
static_assert(std::has_unique_object_representations_v<Head>, "every byte is written");
static_assert(std::has_unique_object_representations_v<Job>, "every byte is written");

Digest digest_of_content(const Head& head, std::span<const Job> jobs) {
  Hasher hasher;
  hasher.add(std::as_bytes(std::span(&head, 1)).first(offsetof(Head, content)));
  hasher.add(std::as_bytes(jobs));
  return hasher.finish();
}

Result<Digest> digest_of_file(const std::filesystem::path& path) {
  const CacheFile file(std::fopen(path.c_str(), "rb"));
  Hasher hasher;
  std::vector<std::byte> buffer(std::size_t{256} * 1024);
  for (std::size_t count = buffer.size(); file && count == buffer.size();) {
    count = std::fread(buffer.data(), 1, buffer.size(), file.get());
    hasher.add(std::span(buffer).first(count));
  }
  if (!file || std::ferror(file.get()) != 0) {
    return refuse(errno == ENOENT ? refusal::not_found : refusal::unavailable, "",
                  fmt::format("{} cannot be read: {}.", path.string(), std::strerror(errno)));
  }
  return hasher.finish();
}

std::optional<Trace> read_kept(const std::filesystem::path& path, Digest source) {
  const CacheFile file(std::fopen(path.c_str(), "rb"));
  Head head;
  if (!file || std::fread(&head, sizeof head, 1, file.get()) != 1) return std::nullopt;
  const Head wanted;
  if (head.magic != wanted.magic || head.version != wanted.version || head.source != source ||
      head.jobs > limits::trace_jobs_max) {
    return std::nullopt;
  }
  Trace trace;
  trace.jobs.resize(head.jobs);
  if (std::fread(trace.jobs.data(), sizeof(Job), head.jobs, file.get()) != head.jobs ||
      std::fgetc(file.get()) != EOF || digest_of_content(head, trace.jobs) != head.content) {
    return std::nullopt;
  }
  trace.machine_width = static_cast<std::int32_t>(head.machine_width);
  trace.odd = head.odd;
  return trace;
}

// Under another name first, so that who reads at the same time sees the whole or nothing.
std::string keep(const std::filesystem::path& path, Digest source, const Trace& trace) {
  Head head;
  head.source = source;
  head.jobs = trace.jobs.size();
  head.machine_width = trace.machine_width;
  head.odd = trace.odd;
  head.content = digest_of_content(head, trace.jobs);
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  const std::filesystem::path written = fmt::format("{}.{}", path.string(), ::getpid());
  CacheFile file(std::fopen(written.c_str(), "wb"));
  const bool whole = file && std::fwrite(&head, sizeof head, 1, file.get()) == 1 &&
                     std::fwrite(trace.jobs.data(), sizeof(Job), trace.jobs.size(), file.get()) ==
                         trace.jobs.size() &&
                     std::fflush(file.get()) == 0;
  if (!whole) error = std::error_code(errno, std::generic_category());
  file.reset();
  if (!error) std::filesystem::rename(written, path, error);
  if (!error) return "";
  std::error_code ignored;
  std::filesystem::remove(written, ignored);
  return fmt::format("The trace cannot be kept as {}: {}.", path.string(), error.message());
}

}  // namespace

Result<Loaded> load(const std::filesystem::path& path, const std::filesystem::path& folder) {
  if (folder.empty()) {
    TRY(Trace trace, read_swf(path));
    return Loaded{std::move(trace), false, ""};
  }
  TRY(const Digest source, digest_of_file(path));
  const std::filesystem::path kept = folder / (to_string(source) + ".trace");
  if (auto trace = read_kept(kept, source)) return Loaded{std::move(*trace), true, ""};
  TRY(Trace trace, read_swf(path));
  std::string problem = keep(kept, source, trace);
  return Loaded{std::move(trace), false, std::move(problem)};
}

}  // namespace fabrica::traces
