#include "store/sent_output.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/limits.h"
#include "store/job_key.h"
#include "unit/store/fixture.h"

namespace fabrica::store {
namespace {

using jobs::JobId;

TEST(SentOutput, KeepsAsMuchAsItMayAndSaysSo) {
  const test::TemporaryDirectory directory;
  SentOutput output(directory.path());
  const OutputStream stream{.job = JobId{7}, .number = 3};
  const std::string piece(std::size_t{1} << 20U, 'x');
  std::uint64_t next = 0;
  while (next + piece.size() < limits::sent_output_bytes_max) {
    const auto taken = output.take(stream, next, piece);
    ASSERT_TRUE(taken.has_value());
    EXPECT_FALSE(taken->full);
    next = taken->next;
  }
  const auto last = output.take(stream, next, piece + "more");
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(last->full);
  EXPECT_EQ(last->next, limits::sent_output_bytes_max);
  EXPECT_TRUE(output.take(stream, last->next, "more")->full);
  EXPECT_EQ(std::filesystem::file_size(output.file(JobId{7}, 3, false)),
            limits::sent_output_bytes_max);
}

TEST(SentOutput, WhatAMachineLostIsSentAgain) {
  const test::TemporaryDirectory directory;
  SentOutput output(directory.path());
  const OutputStream stream{.job = JobId{1}};
  EXPECT_EQ(output.take(stream, 0, "0123456789")->next, 10U);
  std::filesystem::resize_file(output.file(JobId{1}, 0, false), 4);
  EXPECT_EQ(output.take(stream, 10, "abc")->next, 4U);
  EXPECT_EQ(output.take(stream, 4, "456789abc")->next, 13U);
}

TEST(SentOutput, SaysWhatCannotBeWritten) {
  const test::TemporaryDirectory directory;
  test::write_file(directory.path() / "output", "no folder");
  SentOutput output(directory.path() / "output");
  const auto taken = output.take({.job = JobId{1}}, 0, "x");
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, refusal::unavailable);
}

TEST(JobKey, ATokenIsGoodForOneAttemptOfOneJobAndOutlivesTheProcess) {
  const test::TemporaryDirectory directory;
  const std::string token = JobKey::open(directory.path())->token(JobId{7}, 2);
  EXPECT_TRUE(token.starts_with("fabjob_"));
  const JobKey again = *JobKey::open(directory.path());
  EXPECT_TRUE(again.fits(token, JobId{7}, 2));
  EXPECT_FALSE(again.fits(token, JobId{7}, 1));
  EXPECT_FALSE(again.fits(token, JobId{72}, 2));
  EXPECT_FALSE(again.fits(token + "0", JobId{7}, 2));
  EXPECT_FALSE(again.fits("", JobId{7}, 2));
  struct stat status{};
  ASSERT_EQ(::stat((directory.path() / "job-key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const test::TemporaryDirectory elsewhere;
  EXPECT_FALSE(JobKey::open(elsewhere.path())->fits(token, JobId{7}, 2));
  test::write_file(directory.path() / "job-key", "short");
  EXPECT_FALSE(JobKey::open(directory.path()).has_value());
}

}  // namespace
}  // namespace fabrica::store
