#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/commands.h"
#include "jobs/requests.h"
#include "sites/slurm/cluster.h"
#include "sites/slurm/notices.h"

namespace fabrica::sites::slurm {

/// What the cluster shall have for an award, in its own words; a refusal says why it cannot be.
using TranslateAccount = std::function<Result<AccountWords>(const jobs::KeepAccount&)>;

/// The accounts that a cluster keeps for awards. What is wanted is compared with what is there,
/// what differs is told, and it counts as kept only when it was seen there so. Every now and then,
/// and at the start, it is looked whether somebody has changed what was kept: that is reported, and
/// the kernel decides. Whom somebody else lets use an account is told to the operator and left to
/// him. Keeps nothing on disk; deterministic.
class Accounts {
 public:
  struct Options {
    std::string user;  // whom the jobs belong to
    Duration look_every = minutes(10);
  };

  Accounts(Options options, TranslateAccount translate, Notices& notices)
      : options_(std::move(options)), translate_(std::move(translate)), notices_(notices) {}

  /// Takes over what `site` is known to have.
  void resume(const jobs::State& state, federation::SiteId site);

  void take(const jobs::KeepAccount& request);

  /// A submission was refused for its account: it is looked whether the account is still there.
  void doubt(Time now);

  /// True while the cluster is known to lack this account, or to have it otherwise than it should.
  bool lacks(ledger::AccountId id) const;

  /// What is to be asked now; each has one answer, and no more is given out until it came.
  std::optional<Ask> next(Time now);

  void looked(Time now, const Answer& answer);
  void kept(Time now, const Answer& answer);

  /// What was found since.
  std::vector<jobs::Report> take_reports() { return std::exchange(reports_, {}); }

  /// When next() has something by itself; none while an answer is awaited.
  std::optional<Time> next_event() const;

 private:
  /// told: the kernel wants it so; as_wanted: it was seen so; altered: it was, and is no more.
  enum class Stand : std::uint8_t { told, as_wanted, altered };
  struct Wish {
    jobs::KeepAccount request;
    AccountWords words;
    Stand stand = Stand::told;
    Time not_before = {};                  // told again
    std::vector<std::string> others = {};  // who may use it besides: the operator was told
  };

  void translate();
  std::optional<Ask> next_look(Time now);
  void look_at(Time now, ledger::AccountId id, Wish& wish, const SeenAccount* seen);
  void tell_of_others(Time now, Wish& wish, const SeenAccount* seen);

  Options options_;
  TranslateAccount translate_;
  Notices& notices_;
  std::map<ledger::AccountId, Wish> wishes_;
  std::set<ledger::AccountId> untranslated_;  // wishes without words
  std::set<ledger::AccountId> to_tell_;       // seen otherwise than they are wanted
  ledger::AccountId telling_;                 // asked to be kept, and not answered
  bool asking_ = false;
  Time look_at_;                          // at all, not before
  std::set<ledger::AccountId> unseen_;    // to be looked at
  std::vector<ledger::AccountId> asked_;  // looked at, and not answered
  Time look_on_;                          // at those that are unseen, not before
  std::vector<jobs::Report> reports_;
};

/// How what is there differs from what was asked for; none when it does not. `lessened`: it allows
/// less.
struct Difference {
  bool lessened = false;
  std::string text;  // what is there instead
};
std::optional<Difference> difference(const AccountWords& wanted, const SeenAccount* seen);

/// Who may use the account there that should not; empty: nobody.
std::string others_in(const SeenAccount* seen);

/// The name that an award's account has at every cluster: "fab", the first eight letters and digits
/// of the installation's mark, "-" and the account's number: lower case, no character that Slurm
/// gives a meaning.
std::string account_name(std::string_view installation, ledger::AccountId id);

/// What a partition's unit is as a TRES of Slurm, and the limit in its minutes, rounded up. A GPU
/// that is billed as one may be several to the scheduler, and a core several of its CPUs.
struct TresMinutes {
  std::string tres;  // "gres/gpu", "cpu", "node"
  std::uint64_t minutes = 0;
};
TresMinutes minutes_of(const federation::Partition& partition, ComputeTime limit,
                       std::uint32_t cpus_per_core = 1);

}  // namespace fabrica::sites::slurm
