#include "live/site_checks.h"

#include <fmt/core.h>

#include <exception>
#include <memory>
#include <utility>

namespace fabrica::live {

namespace {

SiteChecks::Findings findings_of(const SiteChecks::Work& work) {
  try {
    return work.run();
  } catch (const std::exception& trouble) {
    return {{.what = "check",
             .verdict = federation::FindingKind::unknown,
             .text = fmt::format("The check broke off within the server: {}.", trouble.what()),
             .mend = "Look into the server's memory and open files, and check again."}};
  }
}

}  // namespace

void SiteChecks::stop() {
  std::map<std::string, std::unique_ptr<Running>> all;
  {
    const std::scoped_lock lock(mutex_);
    all.swap(running_);
  }
  for (auto& [site, one] : all) one->abandon();
  for (auto& [site, one] : all) one->thread.join();
}

Result<void> SiteChecks::start(const std::string& site, Work work,
                               std::function<void(Findings)> done) {
  const std::scoped_lock lock(mutex_);
  const auto before = running_.find(site);
  if (before != running_.end()) {
    if (!before->second->ended) {
      return refuse(refusal::conflict, "site",
                    fmt::format("Site {} is being checked. Wait for its findings.", site));
    }
    before->second->thread.join();
    running_.erase(before);
  }
  auto one = std::make_unique<Running>();
  one->abandon = work.abandon;
  one->thread =
      std::thread([this, ended = &one->ended, work = std::move(work), done = std::move(done)] {
        Findings findings = findings_of(work);
        {
          const std::scoped_lock ending(mutex_);
          *ended = true;
        }
        done(std::move(findings));
      });
  running_.emplace(site, std::move(one));
  return {};
}

}  // namespace fabrica::live
