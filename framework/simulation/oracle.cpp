#include "framework/simulation/oracle.h"

#include <utility>

#include "framework/simulation/basic_policies.h"

namespace coldframe {

LatentOracle::LatentOracle(std::string name, const UserModel& model, const TieBreak& ties)
    : name_(std::move(name)), model_(&model), ties_(ties) {}

void LatentOracle::rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
                        std::span<Slate> slates) const {
  std::vector<double> utilities;
  std::vector<std::uint64_t> orders;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    const std::span<const double> all = latents[r]->utilities(LatentKey());
    utilities.clear();
    orders.clear();
    for (const ItemId item : request.candidates) {
      utilities.push_back(all[item.value()]);
      orders.push_back(ties_.order(request.user, item));
    }
    const BestSlate best = model_->best_slate(utilities, orders, request.slate_size);
    std::vector<ItemId> items;
    for (const std::size_t at : best.order) items.push_back(request.candidates[at]);
    slates[r] = certain_slate(std::move(items));
  }
}

}  // namespace coldframe
