#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sites/slurm/check_replies.h"
#include "sites/slurm/cluster.h"
#include "sites/slurm/rest_api.h"

/// What slurmdbd is sent of an award's account, and what it shows of it. The limits are those of
/// the user in the account, not of the account: Slurm 22.05 changes the limits of an account that
/// is there only when it happens to move it among its siblings, and says that all is well.
namespace fabrica::sites::slurm {

/// The account itself: no cluster has it yet.
std::string account_body(const AccountWords& account);

/// That this cluster has it, below its parent.
std::string account_association_body(const AccountWords& account, std::string_view cluster,
                                     ApiVersion version);

/// That its user may use it there, with its limits.
std::string user_association_body(const AccountWords& account, std::string_view cluster,
                                  ApiVersion version);

/// The accounts of these associations at the cluster, in the order of their names, as `user` has
/// them.
std::vector<SeenAccount> accounts_of(const Associations& associations, std::string_view cluster,
                                     std::string_view user);

}  // namespace fabrica::sites::slurm
