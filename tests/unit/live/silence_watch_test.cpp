#include "live/silence_watch.h"

#include <gtest/gtest.h>

#include "store/memory_log.h"
#include "unit/support/world.h"

/// When a site counts as silent.
namespace fabrica::test::silence {
namespace {

struct Watched {
  store::MemoryLog log;
  std::unique_ptr<live::Writer> writer;
  std::unique_ptr<live::SilenceWatch> watch;
  Time start;

  Watched() {
    const World world = consortium();
    log.append({Seq{}, world.log, {}, {}, world.state});
    writer = std::make_unique<live::Writer>(log, policies::defaults());
    start = live::now();
    watch = std::make_unique<live::SilenceWatch>(
        *writer, north, live::SilenceWatch::Options{minutes(10), true}, start);
  }

  // What the log has of it after the site was seen so.
  std::string note(live::SiteContact contact, Duration later) {
    watch->note(contact, start + later);
    std::string text;
    writer->ask_and_wait([&](const State& state) {
      const auto silence = state.federation.silent.find(north);
      text = silence == state.federation.silent.end() ? "answers"
             : silence->second.jobs_ask               ? "silent, jobs ask"
                                                      : "silent";
    });
    return text;
  }
};

TEST(SilenceWatch, TellsOfASilenceThatIsLong) {
  Watched site;
  const live::SiteContact silent{{}, true};
  EXPECT_EQ(site.note(silent, minutes(9)), "answers");
  EXPECT_EQ(site.note(silent, minutes(10)), "silent, jobs ask");
  EXPECT_EQ(site.note(silent, minutes(11)), "silent, jobs ask");
  const Time heard = site.start + minutes(12);
  EXPECT_EQ(site.note({heard, false}, minutes(12)), "answers");
  EXPECT_EQ(site.note({heard, true}, minutes(21)), "answers");
  EXPECT_EQ(site.note({heard, true}, minutes(22)), "silent, jobs ask");
}

TEST(SilenceWatch, ASiteThatWasSilentBeforeARestartAnswers) {
  Watched site;
  Envelope envelope;
  envelope.command = federation::Command{federation::ReportSilence{north, true, false}};
  ASSERT_TRUE(site.writer->execute(std::move(envelope)).has_value());
  EXPECT_EQ(site.note({{}, true}, minutes(1)), "silent");
  EXPECT_EQ(site.note({site.start, false}, minutes(2)), "answers");
}

}  // namespace
}  // namespace fabrica::test::silence
