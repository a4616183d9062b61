#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sites/local/environment.h"
#include "sites/local/meter.h"
#include "sites/local/process_tree.h"
#include "sites/local/runner.h"
#include "sites/local/spool.h"

/// A spool of its own and a Runner on it, with real processes.
namespace fabrica::sites::local {

namespace fs = std::filesystem;

/// Waits are on states; this long is only ever waited for what never comes.
inline constexpr Duration patience = minutes(3);

inline std::string slurp(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

inline std::vector<std::string> sorted_lines_of(const fs::path& path) {
  std::vector<std::string> lines = lines_of(path);
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Looks until `holds`, or fails.
inline void wait_until(const std::function<bool()>& holds, std::string_view what) {
  const Time give_up_at = monotonic_now() + patience;
  while (!holds()) {
    ASSERT_LT(monotonic_now(), give_up_at) << "still waiting for: " << what;
    ::poll(nullptr, 0, 5);
  }
}

class World {
 public:
  World() {
    std::string pattern = (fs::temp_directory_path() / "fabrica-local-XXXXXX").string();
    root_ = fs::canonical(::mkdtemp(pattern.data()));
    fs::create_directories(work());
    options_.spool = root_ / "spool";
    options_.programs = FABRICA_PROGRAMS;
    options_.cores = 4;
    options_.memory_bytes = std::uint64_t{8} << 30U;
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    // Nothing of a test may outlive it, however the test went.
    for (const fs::directory_entry& entry : fs::directory_iterator(root_ / "spool/tasks")) {
      if (fs::exists(entry.path() / "ended") && !::testing::Test::HasFailure()) continue;
      for (const ProcessStat& process : marked(entry.path().filename().string())) {
        send_signal(process.ref, SIGKILL);
      }
      wait_until([&] { return !TaskDirectory(entry.path()).is_locked(); }, "supervisors to end");
    }
    runner_.reset();
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  RunnerOptions& options() { return options_; }
  fs::path work() const { return root_ / "work"; }
  fs::path work(std::string_view name) const { return work() / name; }
  TaskDirectory task(std::string_view tag) const {
    return TaskDirectory(root_ / "spool/tasks" / tag);
  }

  Runner& runner() {
    if (!runner_) {
      auto opened = Runner::open(options_);
      EXPECT_TRUE(opened) << opened.error().text;
      runner_.emplace(*std::move(opened));
    }
    return *runner_;
  }
  void stop_runner() {
    runner_.reset();
    reports_.clear();
  }
  void restart() {
    stop_runner();
    runner();
  }

  TaskSpec spec(std::string tag) {
    TaskSpec spec;
    spec.tag = std::move(tag);
    spec.order = ++order_;
    spec.grace = seconds(60);
    spec.working_directory = work().string();
    spec.output_path = spec.tag + ".out";
    spec.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nowhere"};
    spec.job.number = order_;
    spec.job.name = "test";
    spec.job.node_name = "node1";
    return spec;
  }

  void submit(const TaskSpec& spec, std::string_view body) {
    const Result<void> done = runner().submit(spec, fmt::format("#!/bin/bash\n{}\n", body));
    ASSERT_TRUE(done) << done.error().text;
  }

  /// Polls once; what is new is in report(tag).
  std::vector<TaskReport> poll() {
    std::vector<TaskReport> news = runner().poll(wall_now());
    for (const TaskReport& report : news) reports_[report.tag] = report;
    return news;
  }
  std::set<std::string> tags_in(TaskState state) const {
    std::set<std::string> tags;
    for (const auto& [tag, report] : reports_) {
      if (report.state == state) tags.insert(tag);
    }
    return tags;
  }
  const TaskReport& report(const std::string& tag) { return reports_[tag]; }

  void poll_until(const std::function<bool()>& holds, std::string_view what) {
    const Time give_up_at = monotonic_now() + patience;
    while (poll(), !holds()) {
      ASSERT_LT(monotonic_now(), give_up_at) << "still waiting for: " << what;
      pollfd wait{runner().wake_fd().value_or(-1), POLLIN, 0};
      ::poll(&wait, 1, 100);
    }
  }
  void wait_for(const std::string& tag, TaskState state) {
    poll_until([&] { return reports_.contains(tag) && reports_[tag].state >= state; },
               fmt::format("{} to be {}", tag, name_of(state)));
  }
  Ended end_of(const std::string& tag) {
    wait_for(tag, TaskState::ended);
    return reports_[tag].ended.value_or(Ended{});
  }
  Ended run(const TaskSpec& spec, std::string_view body) {
    submit(spec, body);
    return end_of(spec.tag);
  }

  std::string output(std::string_view tag) const { return slurp(work(fmt::format("{}.out", tag))); }

  /// What runs with the mark of a task, its supervisor not included.
  std::vector<ProcessStat> marked(std::string_view tag) const {
    return processes_marked(fmt::format("{}={}", task_marker, task(tag).path().string()));
  }

 private:
  fs::path root_;
  RunnerOptions options_;
  std::optional<Runner> runner_;
  std::map<std::string, TaskReport> reports_;
  std::uint64_t order_ = 0;
};

}  // namespace fabrica::sites::local
