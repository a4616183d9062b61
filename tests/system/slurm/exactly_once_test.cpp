#include <gtest/gtest.h>

#include <cstdlib>

#include "system/slurm/proof.h"
#include "unit/support/temporary_directory.h"

/// Jobs on real Slurm clusters, while whatever there is to kill is killed or frozen at random
/// moments, and the network loses, delays, cuts and doubles what is said: none is lost, none runs
/// twice by our doing, none is charged twice, and none stays for ever. What Slurm itself does to
/// jobs is named: see Verdict, and docs/proof.md.
///
/// FABRICA_PROVE_FAULTS: how many faults; FABRICA_PROVE_SEED: which ones; FABRICA_PROVE_SPEAK=0:
/// jobs do not ask the server before they run, as at a site whose nodes cannot reach it.
namespace fabrica {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(ExactlyOnce, WhateverBreaks) {
  const test::TemporaryDirectory directory;
  test::Proof proof(directory.path(), {.faults = number_from("FABRICA_PROVE_FAULTS", 16),
                                       .seed = number_from("FABRICA_PROVE_SEED", 1),
                                       .jobs_speak = number_from("FABRICA_PROVE_SPEAK", 1) != 0});
  ASSERT_FALSE(HasFailure());
  proof.break_all();
  if (HasFatalFailure()) return;
  proof.settle();
  proof.judge();
}

}  // namespace
}  // namespace fabrica
