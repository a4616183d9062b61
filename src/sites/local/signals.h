#pragma once

#include <span>
#include <vector>

#include "sites/local/files.h"

/// Signals of this process as something to wait for, and those of a child as they were at the start
/// of the world.
namespace fabrica::sites::local {

/// One signal that came.
struct CaughtSignal {
  int number = 0;
  int sender = 0;  ///< process that sent it, 0 for the kernel
};

/// From here on the signals of `numbers` wait to be taken; SIGPIPE is ignored, so that writing to
/// nobody is an error like others.
class CaughtSignals {
 public:
  CaughtSignals() = default;
  explicit CaughtSignals(std::span<const int> numbers);

  /// Readable when one is waiting; -1 before the first constructor with numbers.
  int descriptor() const { return fd_.get(); }
  /// All that wait now.
  std::vector<CaughtSignal> take() const;

 private:
  Fd fd_;
};

void ignore_signal(int number);

/// Every signal as a fresh program expects it: none ignored, none blocked. For a child before exec.
void reset_all_signals();

/// Only what CaughtSignals changed. For a child before exec that shall keep what its caller
/// ignores.
void release_signals();

}  // namespace fabrica::sites::local
