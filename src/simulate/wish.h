#pragma once

#include <vector>

#include "kernel/command.h"

namespace fabrica::simulate {

/// What one simulated person asks for.
struct Wish {
  PersonId actor;  // none: the system itself
  Command command;
  std::vector<Document> documents;
};

}  // namespace fabrica::simulate
