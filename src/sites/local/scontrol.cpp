#include <fmt/format.h>

#include "sites/local/environment.h"
#include "sites/local/hostlist.h"
#include "sites/local/step.h"

namespace fabrica::sites::local {

int scontrol_main(const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment) {
  const bool hostnames =
      (arguments.size() == 2 || arguments.size() == 3) && arguments[0] == "show" &&
      std::string_view("hostnames").starts_with(arguments[1]) && arguments[1].size() >= 5;
  if (!hostnames) {
    write_all(2,
              "scontrol: error: Only 'scontrol show hostnames [LIST]' is known here. For all else "
              "about a job use: fabrica job NUMBER\n");
    return 1;
  }
  const std::string list =
      arguments.size() == 3 ? arguments[2]
                            : std::string(variable(environment, "SLURM_JOB_NODELIST").value_or(""));
  const auto hosts = expand_hostlist(list);
  if (!hosts || hosts->empty()) {
    const std::string why =
        hosts ? "Name a host list: outside of a job there is none." : hosts.error().text;
    write_all(2, fmt::format("scontrol: error: {}\n", why));
    return 1;
  }
  std::string out;
  for (const std::string& host : *hosts) out += host + "\n";
  write_all(1, out);
  return 0;
}

}  // namespace fabrica::sites::local
