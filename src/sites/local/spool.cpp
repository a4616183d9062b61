#include "sites/local/spool.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/limits.h"
#include "json/read.h"
#include "json/write.h"

namespace fabrica::sites::local {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t record_bytes_max = limits::document_bytes_max;
constexpr std::size_t tag_bytes_max = 100;
constexpr int lock_tries = 100;
constexpr auto lock_pause = std::chrono::milliseconds(50);

// A record of an older or newer release may lack members: they get their defaults.
template <class Record>
Result<Record> read_record(const fs::path& path) {
  TRY(const std::string text, read_file(path, record_bytes_max));
  return json::read<Record>(text, json::Missing::defaulted);
}

// The file is there and was read, but is no record.
bool is_damaged(const Refusal& why) {
  return why.code != refusal::not_found && why.code != refusal::unavailable;
}

Ended unreadable_end(const TaskDirectory& task, const Refusal& why) {
  Ended ended;
  ended.tag = task.path().filename().string();
  ended.reason = EndReason::supervisor_lost;
  ended.text = fmt::format("The record of this task's end cannot be read: {}", why.text);
  return ended;
}

Result<void> make_directory(const fs::path& path, mode_t mode) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), mode) == 0 || fs::is_directory(path, error)) return {};
  return refuse(refusal::unavailable, "",
                fmt::format("Cannot make the directory {}.", path.string()));
}

Result<void> link_program(const fs::path& program, const fs::path& name) {
  std::error_code error;
  if (fs::read_symlink(name, error) == program) return {};
  // Put in place by a rename: a running script must find it at every moment.
  const fs::path fresh = name.parent_path() / ("." + name.filename().string());
  fs::remove(fresh, error);
  fs::create_symlink(program, fresh, error);
  if (!error) fs::rename(fresh, name, error);
  if (!error) return {};
  return refuse(refusal::unavailable, "",
                fmt::format("Cannot link {}: {}.", name.string(), error.message()));
}

std::vector<fs::path> entries(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<FileLock> take_with_patience(const fs::path& path) {
  // A server that was just killed may have had a child between its fork and its exec.
  for (int tried = 0; tried < lock_tries; ++tried) {
    if (auto lock = FileLock::try_take(path)) return lock;
    std::this_thread::sleep_for(lock_pause);
  }
  return std::nullopt;
}

}  // namespace

Result<void> check_tag(std::string_view tag) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  const bool good = !tag.empty() && tag.size() <= tag_bytes_max && tag.front() != '.' &&
                    tag.find_first_not_of(allowed) == std::string_view::npos;
  if (good) return {};
  return refuse(refusal::invalid, "tag",
                "Give a tag of 1 to 100 characters out of A-Z a-z 0-9 . _ -, not starting with a "
                "dot.");
}

Result<TaskSpec> TaskDirectory::spec() const {
  return read_record<TaskSpec>(file(task_file::spec));
}

std::optional<Launch> TaskDirectory::launch() const {
  auto record = read_record<Launch>(file(task_file::launch));
  return record ? std::optional(*std::move(record)) : std::nullopt;
}

std::optional<Started> TaskDirectory::started() const {
  auto record = read_record<Started>(file(task_file::started));
  if (record) return *std::move(record);
  return is_damaged(record.error()) ? std::optional(Started{}) : std::nullopt;
}

Heartbeat TaskDirectory::heartbeat() const {
  return read_record<Heartbeat>(file(task_file::heartbeat)).value_or(Heartbeat{});
}

std::optional<Ended> TaskDirectory::ended() const {
  auto record = read_record<Ended>(file(task_file::ended));
  if (record) return *std::move(record);
  if (!is_damaged(record.error())) return std::nullopt;
  return unreadable_end(*this, record.error());
}

Result<void> TaskDirectory::write(const Launch& launch) const {
  return write_whole(path_, task_file::launch, json::to_json(launch));
}

Result<void> TaskDirectory::write(const Started& started) const {
  return write_durably(path_, task_file::started, json::to_json(started));
}

Result<void> TaskDirectory::write(const Ended& ended) const {
  return write_durably(path_, task_file::ended, json::to_json(ended));
}

Result<void> TaskDirectory::ask_to_cancel() const {
  return write_whole(path_, task_file::cancel, "");
}

void TaskDirectory::remove_temporary_files() const {
  std::error_code error;
  fs::remove_all(file(task_file::temporary), error);
}

void TaskDirectory::remove_control_files() const {
  std::error_code error;
  remove_temporary_files();
  fs::remove_all(file(task_file::steps), error);
  for (const std::string_view name :
       {task_file::script, task_file::launch, task_file::cancel, task_file::heartbeat,
        task_file::log, task_file::lock, task_file::started, task_file::ended}) {
    fs::remove(file(name), error);
  }
  // Left by a process that was killed while it replaced a file.
  for (const fs::path& path : entries(path_)) {
    if (path.filename().native().starts_with('.')) fs::remove(path, error);
  }
  // The spec goes last: without it the directory is no task any more.
  fs::remove(file(task_file::spec), error);
  ::rmdir(path_.c_str());
}

Result<Spool> Spool::open(const fs::path& path, const fs::path& programs) {
  TRY_DONE(make_directory(path, 0700));
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) {
    return refuse(refusal::unavailable, "",
                  fmt::format("Cannot use {}: {}.", path.string(), error.message()));
  }
  auto lock = take_with_patience(real / "lock");
  if (!lock) {
    return refuse(refusal::unavailable, "",
                  fmt::format("Another server uses the spool {}. Stop it, or give this one a "
                              "directory of its own.",
                              real.string()));
  }
  for (const std::string_view name : {"bin", "incoming", "tasks", "archive"}) {
    TRY_DONE(make_directory(real / name, 0700));
  }
  for (const std::string_view name : {"srun", "scontrol"}) {
    TRY_DONE(link_program(fs::absolute(programs) / "fabrica-srun", real / "bin" / name));
  }
  TRY_DONE(sync_directory(real));
  Spool spool(real, *std::move(lock));
  spool.finish_interrupted_work();
  return spool;
}

void Spool::finish_interrupted_work() const {
  std::error_code error;
  for (const fs::path& path : entries(path_ / "incoming")) fs::remove_all(path, error);
  for (const std::string& tag : tags()) {
    if (archived(tag)) task(tag).remove_control_files();
  }
}

std::vector<std::string> Spool::tags() const {
  std::vector<std::string> found;
  for (const fs::path& path : entries(path_ / "tasks")) {
    if (is_there(path / task_file::spec)) found.push_back(path.filename().string());
  }
  return found;
}

Result<bool> Spool::add(const TaskSpec& spec, std::string_view script) const {
  static std::atomic<unsigned> counter{0};
  TRY_DONE(check_tag(spec.tag));
  const TaskDirectory final_place = task(spec.tag);
  if (final_place.has(task_file::spec) || archived(spec.tag)) return false;

  const TaskDirectory fresh(path_ / "incoming" /
                            fmt::format("{}.{}", spec.tag, counter.fetch_add(1)));
  TRY_DONE(make_directory(fresh.path(), 0700));
  TRY_DONE(create_synced(fresh.file(task_file::script), script, 0700));
  TRY_DONE(create_synced(fresh.file(task_file::spec), json::to_json(spec), 0600));
  TRY_DONE(sync_directory(fresh.path()));
  // The rename is the moment of acceptance. It fails where the name is taken: two submissions of
  // one tag make one task.
  std::error_code error;
  fs::rename(fresh.path(), final_place.path(), error);
  if (error) {
    std::error_code ignored;
    fs::remove_all(fresh.path(), ignored);
    if (final_place.has(task_file::spec)) return false;
    return refuse(refusal::unavailable, "",
                  fmt::format("Cannot put the task into {}: {}.", final_place.path().string(),
                              error.message()));
  }
  TRY_DONE(sync_directory(path_ / "tasks"));
  return true;
}

Result<void> Spool::archive(const Ended& ended) const {
  TRY_DONE(write_durably(path_ / "archive", ended.tag, json::to_json(ended)));
  task(ended.tag).remove_control_files();
  return {};
}

std::optional<Ended> Spool::archived(std::string_view tag) const {
  auto record = read_record<Ended>(path_ / "archive" / tag);
  return record ? std::optional(*std::move(record)) : std::nullopt;
}

void Spool::prune_archive(Time limit) const {
  for (const fs::path& path : entries(path_ / "archive")) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) continue;
    std::error_code error;
    if (std::int64_t{status.st_mtim.tv_sec} * 1000 < limit.ms) fs::remove(path, error);
  }
}

}  // namespace fabrica::sites::local
