#include "framework/simulation/informed_oracle.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/detail/taste_posterior.h"

namespace coldframe {
namespace {

constexpr std::size_t k_screening_draws = 64;

using Columns = std::vector<std::vector<float>>;  // one [M] per item

std::size_t ordered_slates(std::size_t candidates, std::size_t n, std::size_t stop) {
  std::size_t count = 1;
  for (std::size_t k = 0; k < n && count <= stop; ++k) count *= candidates - k;
  return count;
}

/// The ordered slate with the highest weighted mean reward, by trying all of them.
class Enumeration {
 public:
  Enumeration(PageBelief& belief, const Columns& attractions, std::span<const float> weights, std::size_t n)
      : belief_(belief), attractions_(attractions), weights_(weights), n_(n), used_(attractions.size(), 0) {}

  std::vector<std::size_t> best() {
    extend(0.0);
    return best_;
  }

 private:
  void extend(double reward) {
    if (prefix_.size() == n_) {
      if (best_.empty() || reward > best_reward_) {
        best_ = prefix_;
        best_reward_ = reward;
      }
      return;
    }
    belief_.clear();
    for (const std::size_t shown : prefix_) belief_.append(attractions_[shown]);
    std::vector<double> gains(attractions_.size());
    for (std::size_t c = 0; c < gains.size(); ++c) {
      if (used_[c] == 0) gains[c] = belief_.gain(attractions_[c], weights_);
    }
    for (std::size_t c = 0; c < gains.size(); ++c) {
      if (used_[c] != 0) continue;
      used_[c] = 1;
      prefix_.push_back(c);
      extend(reward + gains[c]);
      prefix_.pop_back();
      used_[c] = 0;
    }
  }

  PageBelief& belief_;
  const Columns& attractions_;
  std::span<const float> weights_;
  std::size_t n_;
  std::vector<std::uint8_t> used_;
  std::vector<std::size_t> prefix_;
  std::vector<std::size_t> best_;
  double best_reward_ = 0;
};

/// Item by item, each time the largest gain; gains only shrink, so an old gain bounds a new one (lazy evaluation).
std::vector<std::size_t> greedy(PageBelief& belief, const Columns& attractions, std::span<const float> weights,
                                std::size_t n) {
  struct Bound {
    double gain;
    std::size_t candidate;
    std::size_t length;  // of the page for which the gain was computed
    bool operator<(const Bound& other) const {
      return gain != other.gain ? gain < other.gain : candidate > other.candidate;
    }
  };
  belief.clear();
  std::priority_queue<Bound> queue;
  for (std::size_t c = 0; c < attractions.size(); ++c) queue.push({belief.gain(attractions[c], weights), c, 0});
  std::vector<std::size_t> chosen;
  while (chosen.size() < n) {
    const Bound top = queue.top();
    queue.pop();
    if (top.length == chosen.size()) {
      chosen.push_back(top.candidate);
      belief.append(attractions[top.candidate]);
    } else {
      queue.push({belief.gain(attractions[top.candidate], weights), top.candidate, chosen.size()});
    }
  }
  return chosen;
}

}  // namespace

struct InformedOracle::State {
  State(std::string policy, const Newcomers& newcomers, const UserModel& users, TieBreak tie_break,
        const InformedOracleOptions& given)
      : name(std::move(policy)),
        model(&users),
        ties(std::move(tie_break)),
        options(given),
        posterior(newcomers, users,
                  {given.draws, given.seed, given.dynamics, given.answers, given.catalogue, given.search}) {}

  std::string name;
  const UserModel* model;
  TieBreak ties;
  InformedOracleOptions options;
  detail::TastePosterior posterior;

  std::vector<ItemId> screened(const PolicyRequest& request, const detail::Knowledge& known,
                               std::span<const float> weights, std::size_t keep) const;
  std::vector<ItemId> choose(const PolicyRequest& request) const;
};

std::vector<ItemId> InformedOracle::State::screened(const PolicyRequest& request, const detail::Knowledge& known,
                                                    std::span<const float> weights, std::size_t keep) const {
  const detail::Knowledge few = detail::resampled(known, weights, k_screening_draws);
  const std::vector<float> equal(few.draws->count, 1.0f / static_cast<float>(few.draws->count));
  const std::unique_ptr<PageBelief> belief = model->belief(few.draws->count);
  belief->clear();
  std::vector<float> scores(known.taste->item_count());
  for (const ItemId item : request.candidates) {
    std::vector<float> column = few.utilities(item);
    belief->attractions(column, column);
    scores[item.value()] = static_cast<float>(belief->gain(column, equal));
  }
  PolicyRequest wider = request;
  wider.slate_size = keep;
  return top_candidates(wider, scores, ties);
}

std::vector<ItemId> InformedOracle::State::choose(const PolicyRequest& request) const {
  const detail::Knowledge known = posterior.after(request);
  const std::unique_ptr<PageBelief> belief = model->belief(known.draws->count);
  const std::vector<float> weights = known.weights();

  const std::size_t n = std::min(request.slate_size, request.candidates.size());
  const bool small = tries_all(request.candidates.size(), n, options);
  const std::size_t keep = small ? request.candidates.size() : std::max(n, options.close_candidates);
  const std::vector<ItemId> close = screened(request, known, weights, keep);
  Columns attractions;
  for (const ItemId item : close) {
    attractions.push_back(known.utilities(item));
    belief->attractions(attractions.back(), attractions.back());
  }
  const std::vector<std::size_t> order =
      small ? Enumeration(*belief, attractions, weights, n).best() : greedy(*belief, attractions, weights, n);
  std::vector<ItemId> items;
  for (const std::size_t at : order) items.push_back(close[at]);
  return items;
}

InformedOracle::InformedOracle(std::string name, const Newcomers& newcomers, const UserModel& model, TieBreak ties,
                               const InformedOracleOptions& options)
    : state_(std::make_unique<State>(std::move(name), newcomers, model, std::move(ties), options)) {}

InformedOracle::~InformedOracle() = default;

const std::string& InformedOracle::name() const { return state_->name; }

bool InformedOracle::tries_all(std::size_t candidates, std::size_t slate_size, const InformedOracleOptions& options) {
  return ordered_slates(candidates, std::min(slate_size, candidates), options.enumerate_below) <=
         options.enumerate_below;
}

void InformedOracle::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  for (std::size_t r = 0; r < requests.size(); ++r) slates[r] = certain_slate(state_->choose(requests[r]));
}

}  // namespace coldframe
