#include "api/output.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "served.h"

namespace fabrica::test {
namespace {

void append(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::app | std::ios::binary) << text;
}

TEST(Output, IsReadByOffset) {
  Served served;
  const JobId job = served.submit();
  const std::filesystem::path file = served.output_file(job, 0, false);
  append(file, "of an earlier job of that name");
  const auto read = [&](std::string_view query) {
    const net::Response response =
        served.ask(member, fmt::format("GET /v1/jobs/1/logs/stdout{}", query));
    return fmt::format("{} {} {}", response.body,
                       response.headers.find("X-Next-Offset").value_or("-"),
                       response.headers.find("X-Log-Complete").value_or("-"));
  };
  EXPECT_EQ(read(""), " 0 false") << "what was there before the start is not this job's";
  std::filesystem::remove(file);
  served.must(the_system, started(job, live::now()));
  EXPECT_EQ(read(""), " 0 false") << "there is no file yet";
  append(file, "hello");
  EXPECT_EQ(read(""), "hello 5 false");
  EXPECT_EQ(read("?offset=3"), "lo 5 false");
  EXPECT_EQ(read("?offset=5"), " 5 false");
  EXPECT_EQ(read("?offset=99"), " 99 false");
  append(served.output_file(job, 0, true), "trouble");
  EXPECT_EQ(served.ask(member, "GET /v1/jobs/1/logs/stderr").body, "trouble");
  served.must(the_system, ended(job, live::now(), live::now()));
  EXPECT_EQ(read("?offset=1"), "ello 5 true");
  check(served, {{member, "GET /v1/jobs/1/logs/stdlog", "", "404 not_found log"},
                 {member, "GET /v1/jobs/1/logs/stdout?task=1", "", "404 not_found task"},
                 {member, "GET /v1/jobs/1/logs/stdout?offset=-1", "", "422 invalid offset"},
                 {member, "GET /v1/jobs/1/logs/stdout?offset=99999999999999999999", "",
                  "422 invalid offset"},
                 {rival, "GET /v1/jobs/1/logs/stdout", "", "404 not_found job"}});
}

TEST(Output, ALongOneComesInPieces) {
  Served served;
  const JobId job = served.submit();
  served.must(the_system, started(job, live::now()));
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += fmt::format("{}\n", i);
  append(served.output_file(job, 0, false), text);
  served.must(the_system, ended(job, live::now(), live::now()));
  std::string got;
  std::string complete;
  while (complete != "true") {
    const net::Response response =
        served.ask(member, fmt::format("GET /v1/jobs/1/logs/stdout?offset={}", got.size()));
    ASSERT_FALSE(response.body.empty());
    got += response.body;
    EXPECT_EQ(response.headers.find("X-Next-Offset"), fmt::to_string(got.size()));
    complete = response.headers.find("X-Log-Complete").value_or("");
  }
  EXPECT_EQ(got, text);
  std::string followed;
  net::Client client = served.client();
  const auto end =
      client.stream(Served::request_of("GET /v1/jobs/1/logs/stdout?follow=1", "",
                                       {{"Authorization", "Bearer " + served.token(member)}}),
                    [&](std::string_view bytes) {
                      followed += bytes;
                      return true;
                    });
  EXPECT_TRUE(end.has_value());
  EXPECT_EQ(followed, text);
}

TEST(Output, IsFollowedFromBeforeItsFileToItsEnd) {
  Served served;
  const JobId job = served.submit();
  const std::filesystem::path file = served.output_file(job, 0, false);
  std::mutex mutex;
  std::string got;
  const auto wait_until_got = [&](std::string_view text) {
    for (bool there = false; !there; std::this_thread::yield()) {
      const std::lock_guard lock(mutex);
      there = got == text;
      ASSERT_LE(got.size(), text.size()) << got;
    }
  };
  served.token(member);
  std::thread following([&] {
    net::Client client = served.client();
    const auto end =
        client.stream(Served::request_of("GET /v1/jobs/1/logs/stdout?follow=1", "",
                                         {{"Authorization", "Bearer " + served.token(member)}}),
                      [&](std::string_view bytes) {
                        const std::lock_guard lock(mutex);
                        got += bytes;
                        return true;
                      });
    EXPECT_TRUE(end.has_value());
  });
  served.must(the_system, queued(job));
  served.must(the_system, started(job, live::now()));
  append(file, "one\n");
  wait_until_got("one\n");
  append(file, "two\n");
  wait_until_got("one\ntwo\n");
  append(file, "the last");
  served.must(the_system, ended(job, live::now(), live::now()));
  following.join();
  EXPECT_EQ(got, "one\ntwo\nthe last");
}

TEST(Output, AJobThatNeverRanHasNone) {
  Served served;
  const JobId job = served.submit();
  append(served.output_file(job, 0, false), "of another job");
  served.must(the_system, ended(job, Time{}, live::now(), jobs::Outcome::launch_failed));
  const net::Response response = served.ask(member, "GET /v1/jobs/1/logs/stdout?follow=1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
}

TEST(Output, OnlyARegularFileIsRead) {
  Served served;
  const JobId job = served.submit();
  served.must(the_system, started(job, live::now()));
  const std::filesystem::path file = served.output_file(job, 0, false);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs/1/logs/stdout")), "409 conflict");
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs/1/logs/stdout")), "409 conflict");
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs/1/logs/stdout?follow=1")), "409 conflict");
}

}  // namespace
}  // namespace fabrica::test
