#include "api/context.h"

#include <fmt/core.h>

#include <random>
#include <stdexcept>
#include <vector>

#include "api/routes.h"
#include "base/random.h"
#include "json/value.h"

namespace fabrica::api {

namespace {

std::vector<Metrics::Label> labels_of_routes() {
  std::vector<Metrics::Label> labels;
  for (const Route& route : routes()) labels.push_back({net::to_string(route.method), route.path});
  labels.push_back({"-", "-"});  // no route of ours
  return labels;
}

store::JobKey job_key_in(const std::filesystem::path& directory) {
  Result<store::JobKey> key = store::JobKey::open(directory);
  if (!key) throw std::runtime_error(key.error().text);
  return *std::move(key);
}

}  // namespace

Context::Context(Setup setup)
    : setup_(std::move(setup)),
      readers_(setup_.directory),
      secrets_(setup_.directory),
      job_key_(job_key_in(setup_.directory)),
      sent_output_(setup_.directory / "output"),
      watchers_(std::make_shared<Watchers>()),
      metrics_(labels_of_routes()),
      request_key_(std::uint64_t{std::random_device{}()} << 32U | std::random_device{}()) {
  // The writer may outlive this context, so what it calls holds the watchers itself.
  setup_.writer.watch([watchers = watchers_](const State& state) { watchers->ring(state); });
  setup_.writer.ask([watchers = watchers_](const State& state) { watchers->ring(state); });
}

void Context::report(std::string_view trouble) const {
  if (setup_.on_trouble) setup_.on_trouble(trouble);
}

std::string Context::next_request_id() {
  // SplitMix64 never gives two numbers of one sequence the same value.
  Random random(request_key_ +
                requests_.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15U);
  return fmt::format("{:016x}", random.next());
}

std::optional<std::uint64_t> Context::find_slug(std::string_view kind, const std::string& slug) {
  {
    const std::lock_guard lock(slugs_mutex_);
    const auto known = slugs_.find({kind, slug});
    if (known != slugs_.end()) return known->second;
  }
  const std::optional<std::string> view = readers_.borrow()->thing_by_slug(kind, slug);
  if (!view) return std::nullopt;
  const Result<json::Value> value = json::Value::parse(*view);
  const auto id = value ? value->at("/id").as_int() : std::nullopt;
  if (!id) return std::nullopt;
  const std::lock_guard lock(slugs_mutex_);
  return slugs_[{kind, slug}] = static_cast<std::uint64_t>(*id);
}

std::optional<federation::SiteId> Context::site(const std::string& slug) {
  const auto id = find_slug("site", slug);
  return id ? std::optional(federation::SiteId{*id}) : std::nullopt;
}

std::optional<federation::PartitionId> Context::partition(const std::string& slug) {
  const auto id = find_slug("partition", slug);
  return id ? std::optional(federation::PartitionId{*id}) : std::nullopt;
}

std::optional<calls::ModeId> Context::mode(const std::string& slug) {
  const auto id = find_slug("mode", slug);
  return id ? std::optional(calls::ModeId{*id}) : std::nullopt;
}

}  // namespace fabrica::api
