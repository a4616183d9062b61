#include "live/site_worker.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "jobs/requests.h"

namespace fabrica::live {

namespace {

constexpr int idle_ms = 1'000;          // a connector with a wake descriptor
constexpr int idle_unwatched_ms = 200;  // one without

// Sends all reports as commands, so that they share commits, and waits for the last reply. The
// reports that are now durable, or that told nothing new, in their order.
std::vector<jobs::Report> record(Writer& writer, federation::SiteId site,
                                 const std::vector<jobs::Report>& reports) {
  std::mutex mutex;
  std::condition_variable done;
  std::size_t left = reports.size();
  std::vector<char> kept(reports.size(), 0);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    Envelope envelope;
    envelope.command = jobs::Command{jobs::ReportFromSite{site, reports[i]}};
    writer.submit(std::move(envelope), [&, i](const Result<Reply>& reply) {
      const std::lock_guard lock(mutex);
      kept[i] = reply.has_value() ? 1 : 0;
      left -= 1;
      if (left == 0) done.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return left == 0; });
  std::vector<jobs::Report> durable;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (kept[i] != 0) durable.push_back(reports[i]);
  }
  return durable;
}

}  // namespace

SiteWorker::SiteWorker(Writer& writer, federation::SiteId site,
                       std::unique_ptr<SiteConnector> connector, std::optional<int> wake_fd)
    : writer_(writer),
      site_(site),
      connector_(std::move(connector)),
      site_wake_(wake_fd),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(wake_ >= 0, "an eventfd");
  thread_ = std::thread([this] { run(); });
}

SiteWorker::~SiteWorker() {
  stop();
  ::close(wake_);
}

void SiteWorker::wake() {
  if (changed_.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

void SiteWorker::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
  thread_.join();
}

// True when there was something to tell, so that there may be more.
bool SiteWorker::tell() {
  if (!changed_.exchange(false)) return false;
  std::vector<jobs::SiteRequest> requests;
  writer_.ask_and_wait([&](const State& state) { requests = jobs::wanted(state.jobs, site_); });
  for (const jobs::SiteRequest& request : requests) connector_->tell(request);
  told_ += requests.size();
  // What is not reported done is wanted still.
  if (!requests.empty()) changed_ = true;
  return !requests.empty();
}

bool SiteWorker::hear() {
  const std::vector<jobs::Report> reports = connector_->hear(now());
  if (reports.empty()) return false;
  const std::vector<jobs::Report> durable = record(writer_, site_, reports);
  connector_->acknowledge(durable);
  heard_ += durable.size();
  return !durable.empty();
}

void SiteWorker::wait(bool busy) {
  std::array<pollfd, 2> watched{{{wake_, POLLIN, 0}, {site_wake_.value_or(-1), POLLIN, 0}}};
  const int longest = busy ? 0 : (site_wake_ && !changed_ ? idle_ms : idle_unwatched_ms);
  ::poll(watched.data(), watched.size(), longest);
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wake_, &count, sizeof count);
}

void SiteWorker::run() {
  while (!stopping_) {
    tell();
    const bool heard = hear();
    wait(heard);
  }
}

}  // namespace fabrica::live
