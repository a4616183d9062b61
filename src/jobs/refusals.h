#pragma once

#include "base/result.h"

namespace fabrica::jobs::refusal {
inline constexpr RefusalCode unknown_job{"unknown_job", 404};
inline constexpr RefusalCode no_award{"no_award", 402};
inline constexpr RefusalCode does_not_fit{"does_not_fit", 422};
inline constexpr RefusalCode site_takes_no_jobs{"site_takes_no_jobs", 409};
inline constexpr RefusalCode bad_request{"bad_request", 422};
inline constexpr RefusalCode dependency_never{"dependency_never", 409};
inline constexpr RefusalCode too_many_jobs{"too_many_jobs", 429};
inline constexpr RefusalCode superseded{"superseded", 409};
inline constexpr RefusalCode not_bound{"not_bound", 503};
}  // namespace fabrica::jobs::refusal
