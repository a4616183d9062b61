#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "jobs/types.h"

namespace fabrica::sites::slurm {

/// How a job at a cluster reaches the server, to speak for itself.
struct JobSpeech {
  std::string url;      // as the cluster's nodes see the server
  std::string ca_file;  // on the nodes, for https; empty: what their curl trusts
  jobs::JobId job;
  std::uint32_t attempt = 1;
  std::string token;
};

/// A bash script that asks the server whether it may run, runs `script` with its own interpreter,
/// arguments, input and output, sends what it prints, says when it came to its end, and ends with
/// its exit code. It needs bash, coreutils and curl on the nodes.
///
/// It does not run the script when the server says so, or cannot be reached for ten minutes: exit
/// code 75 (EX_TEMPFAIL of sysexits.h). SIGUSR1, SIGUSR2 and SIGHUP are passed on to the script,
/// and the signal that `--signal=B:` names; others reach it without help. A script that was killed
/// by a signal ends with 128 and the signal's number.
std::string speaking_script(const JobSpeech& speech, std::string_view script,
                            std::string_view signal);

}  // namespace fabrica::sites::slurm
