#include "calls/types.h"

#include <algorithm>

namespace fabrica::calls {

const SizeRange* size_in(const AccessMode& mode, Unit unit) {
  const auto found = std::ranges::find(mode.sizes, unit, &SizeRange::unit);
  return found == mode.sizes.end() ? nullptr : &*found;
}

}  // namespace fabrica::calls
