#include "live/silence_watch.h"

#include <algorithm>

namespace fabrica::live {

SilenceWatch::SilenceWatch(Writer& writer, federation::SiteId site, const Options& options,
                           Time now)
    : writer_(writer),
      site_(site),
      options_(options),
      heard_(now),
      told_(std::make_shared<std::atomic<Told>>(Told::nothing)) {}

void SilenceWatch::note(const SiteContact& contact, Time now) {
  heard_ = std::max(heard_, contact.last);
  if (contact.silent && now < heard_ + options_.after) return;
  const Told news = contact.silent ? Told::silent : Told::answers;
  if (told_->exchange(news) == news) return;
  Envelope envelope;
  envelope.command =
      federation::Command{federation::ReportSilence{site_, contact.silent, options_.jobs_ask}};
  // What the writer has no room for now is told again.
  writer_.submit(std::move(envelope), [told = told_](const Result<Reply>& reply) {
    if (!reply) *told = Told::nothing;
  });
}

}  // namespace fabrica::live
