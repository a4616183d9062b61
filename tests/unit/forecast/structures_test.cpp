#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "base/random.h"
#include "forecast/fifo_queue.h"
#include "forecast/moments.h"
#include "forecast/profile.h"
#include "forecast/shortest_queue.h"

/// The structures against plain ones of the same meaning, at sizes at which blocks are split and
/// trees have several levels.
namespace fabrica::forecast {
namespace {

/// What is free at each moment, one by one.
class PlainProfile {
 public:
  PlainProfile(std::int64_t moments, std::int32_t width)
      : free_(static_cast<std::size_t>(moments), width) {}

  std::int32_t free(std::int64_t at) const {
    return free_[std::min(static_cast<std::size_t>(at), free_.size() - 1)];
  }
  void take(std::int64_t from, std::int64_t until, std::int32_t width) {
    for (std::int64_t at = from; at < until; ++at) free_[static_cast<std::size_t>(at)] -= width;
  }
  bool room(std::int64_t from, std::int64_t until, std::int32_t width) const {
    for (std::int64_t at = from; at < until; ++at) {
      if (free(at) < width) return false;
    }
    return true;
  }

 private:
  std::vector<std::int32_t> free_;
};

TEST(Profile, AnswersAsOneThatKnowsEachMoment) {
  constexpr std::int64_t moments = 4'000;
  Random random(7);
  for (int round = 0; round < 3; ++round) {
    const auto width = static_cast<std::int32_t>(random.between(1, 300));
    Profile profile(width);
    PlainProfile plain(moments, width);
    profile.advance(Time{});
    std::int64_t now = 0;
    for (int step = 0; step < 400; ++step) {
      const auto wide = static_cast<std::int32_t>(random.between(1, width));
      const std::int64_t length = random.between(1, 60);
      const Time found = profile.earliest(wide, milliseconds(length));
      std::int64_t wanted = now;
      while (!plain.room(wanted, wanted + length, wide)) ++wanted;
      ASSERT_EQ(found.ms, wanted) << "round " << round << ", step " << step;
      std::int64_t first = now;
      while (plain.free(first) < wide) ++first;
      const Profile::Room room = profile.first_room(wide);
      ASSERT_EQ(room.at.ms, first);
      ASSERT_EQ(room.free, plain.free(first));
      if (found.ms + length < moments / 2) {
        profile.take(found, found + milliseconds(length), wide);
        plain.take(found.ms, found.ms + length, wide);
      }
      const Time before{random.between(now, now + 500)};
      std::int64_t ahead = now;
      while (ahead < before.ms && !plain.room(ahead, std::min(ahead + length, before.ms), wide)) {
        ++ahead;
      }
      ASSERT_EQ(profile.earliest(wide, milliseconds(length), before).ms, ahead);
      if (random.chance(1, 3)) profile.advance(Time{now += random.between(0, 9)});
      ASSERT_EQ(profile.free_now(), plain.free(now));
    }
  }
}

TEST(Profile, WhatIsGivenBackIsFree) {
  Profile profile(10);
  profile.advance(Time{100});
  profile.take(Time{100}, Time{200}, 6);
  profile.take(Time{150}, Time{180}, 4);
  EXPECT_EQ(profile.earliest(5, milliseconds(10)), Time{200});
  EXPECT_EQ(profile.earliest(4, milliseconds(51)), Time{180});
  profile.give_back(Time{100}, Time{200}, 6);
  EXPECT_EQ(profile.free_now(), 10);
  EXPECT_EQ(profile.earliest(7, milliseconds(51)), Time{180});
  EXPECT_FALSE(profile.advance(Time{180})) << "what was taken and given back since is no more";
  EXPECT_EQ(profile.free_now(), 10);
}

TEST(Moments, ComeInTheirOrderThoseOfOneMomentAsTheyWereAdded) {
  Random random(11);
  Moments moments;
  std::multimap<std::int64_t, JobIndex> plain;  // equal keys keep the order of insertion
  std::int64_t now = 0;
  for (JobIndex job = 0; job < 8'000; ++job) {
    const std::int64_t at = now + random.between(0, 50);
    moments.push(Time{at}, job);
    plain.emplace(at, job);
    while (moments.size() > 600 || (random.chance(1, 2) && !moments.empty())) {
      const Moments::Entry popped = moments.pop();
      ASSERT_EQ(popped.at.ms, plain.begin()->first);
      ASSERT_EQ(popped.job, plain.begin()->second);
      now = popped.at.ms;
      plain.erase(plain.begin());
    }
  }
}

/// A queue that looks at each job in its order.
class PlainQueue {
 public:
  PlainQueue(bool shortest, const std::vector<Job>& jobs) : shortest_(shortest), jobs_(jobs) {}

  void append(JobIndex job) {
    waiting_.push_back(job);
    fresh_.push_back(job);
  }
  JobIndex head() const { return waiting_.front(); }
  void take(JobIndex job) {
    std::erase(waiting_, job);
    std::erase(fresh_, job);
  }
  void rewind() { fresh_ = waiting_; }
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

  // Of a queue by arrival, whoever is asked and does not fit is not asked again.
  std::optional<JobIndex> next(const Gap& gap) {
    std::optional<JobIndex> found;
    for (const JobIndex job : fresh_) {
      if (!gap.admits(jobs_[job].width, jobs_[job].limit)) continue;
      if (!found || (shortest_ && jobs_[job].limit < jobs_[*found].limit)) found = job;
    }
    if (found) {
      take(*found);
    } else {
      fresh_.clear();
    }
    return found;
  }

 private:
  bool shortest_;
  const std::vector<Job>& jobs_;
  std::vector<JobIndex> waiting_;
  std::vector<JobIndex> fresh_;
};

// As backfill asks it: after a rewind what is free only shrinks, until the next.
template <class Queue>
void compare_queues(bool shortest, std::size_t deep, std::uint64_t seed) {
  Random random(seed);
  std::vector<Job> jobs;
  for (int count = 0; count < 2'500; ++count) {
    jobs.push_back({{},
                    {},
                    milliseconds(random.between(1, 40) * random.between(1, 5'000)),
                    static_cast<std::int32_t>(random.between(1, 60))});
  }
  Queue queue;
  PlainQueue plain(shortest, jobs);
  Gap gap;
  for (JobIndex job = 0; job < jobs.size(); ++job) {
    queue.append(job, jobs[job]);
    plain.append(job);
    if (plain.size() > deep && random.chance(1, 2)) {
      ASSERT_EQ(queue.head(), plain.head());
      plain.take(queue.head());
      queue.take_head(jobs.data());
    }
    if (random.chance(1, 4)) {
      queue.rewind();
      plain.rewind();
      const auto free = static_cast<std::int32_t>(random.between(0, 12));
      gap = {free, static_cast<std::int32_t>(random.between(0, free)),
             milliseconds(random.between(0, 60'000))};
    }
    for (bool more = true; more;) {
      const auto found = queue.next(gap, jobs.data());
      ASSERT_EQ(found, plain.next(gap)) << "at job " << job;
      more = found.has_value();
      if (!more) break;
      gap.free -= std::min(gap.free, jobs[*found].width);
      gap.spare = std::min(gap.spare, gap.free);
    }
    ASSERT_EQ(queue.size(), plain.size());
    ASSERT_TRUE(queue.empty() || queue.head() == plain.head());
  }
}

TEST(FifoQueue, FindsWhoeverAScanWouldFind) {
  for (const std::size_t deep : {0UL, 30UL, 800UL}) compare_queues<FifoQueue>(false, deep, 3);
}

TEST(ShortestQueue, FindsWhoeverAScanWouldFind) {
  for (const std::size_t deep : {0UL, 30UL, 800UL}) compare_queues<ShortestQueue>(true, deep, 5);
}

}  // namespace
}  // namespace fabrica::forecast
