#pragma once

#include "base/utf8.h"

namespace fabrica::json {

using fabrica::cut_utf8;
using fabrica::decode_utf8;
using fabrica::Utf8;

}  // namespace fabrica::json
