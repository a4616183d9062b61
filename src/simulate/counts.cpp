#include "simulate/counts.h"

#include <array>

#include "base/type_name.h"
#include "simulate/faulty_log.h"
#include "sites/simulated/controller.h"
#include "sites/simulated/faulty_site.h"

namespace fabrica::simulate {

namespace {

using boost::mp11::mp_for_each;
using boost::mp11::mp_identity;
using boost::mp11::mp_transform;

template <class Area, class Visit>
void for_each_kind(Visit&& visit) {
  mp_for_each<mp_transform<mp_identity, Area>>([&]<class Kind>(mp_identity<Kind>) {
    if constexpr (DescribedStruct<Kind>)
      visit(type_name<Kind>());
    else
      for_each_kind<Kind>(visit);
  });
}

template <class Enum>
void add_values(Counts& counts, std::string_view group) {
  mp_for_each<boost::describe::describe_enumerators<Enum>>(
      [&](auto value) { counts.emplace(std::string(group) + value.name, 0); });
}

}  // namespace

Counts all_at_zero() {
  Counts counts;
  for_each_kind<Command>([&](std::string_view kind) {
    counts.emplace("accepted/" + std::string(kind), 0);
    counts.emplace("refused/" + std::string(kind), 0);
  });
  for_each_kind<Event>(
      [&](std::string_view kind) { counts.emplace("event/" + std::string(kind), 0); });
  // The system passes time, and nobody refuses it.
  counts.erase("refused/PassTime");
  // These people never spend an account of a Slurm site to its end; jobs/runs_test.cpp does.
  counts.erase("event/OwedCharged");
  add_values<jobs::Outcome>(counts, "outcome/");
  counts.erase("outcome/none");
  add_values<LogFault>(counts, "log/");
  add_values<sites::simulated::SiteFault>(counts, "site/");
  add_values<sites::simulated::ControllerFault>(counts, "slurm/");
  for (const std::string_view name :
       {path::expired_with_holds, path::passed_on, path::dependency_met, path::start_after_stop,
        path::held_back, path::asked_again, path::gave_up, path::key_reused, path::from_snapshot,
        path::slurm_unknown, path::slurm_adopted, path::slurm_absent, path::slurm_swept,
        path::slurm_stranger, path::task_never, path::task_own_word}) {
    counts.emplace(name, 0);
  }
  return counts;
}

std::string_view name_of_command(const Command& command) {
  return std::visit(
      []<class Area>(const Area& area) {
        if constexpr (DescribedStruct<Area>)
          return type_name<Area>();
        else
          return std::visit([]<class Kind>(const Kind&) { return type_name<Kind>(); }, area);
      },
      command);
}

std::string_view name_of_event(const Event& event) {
  return std::visit(
      [](const auto& area) {
        return std::visit([]<class Kind>(const Kind&) { return type_name<Kind>(); }, area);
      },
      event);
}

}  // namespace fabrica::simulate
