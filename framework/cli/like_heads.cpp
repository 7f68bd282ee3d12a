#include "framework/cli/like_heads.h"

#include <algorithm>
#include <cmath>

#include "framework/core/hash.h"

namespace coldframe {
namespace {

constexpr std::size_t k_most_pairs = 2'000'000;  // of a k

/// The features of a pair.
enum Feature : std::size_t { k_cosine, k_log_popularity, k_features };

/// Newcomers by key, no more than the pairs allow: places in the set.
std::vector<std::size_t> asked(const NewcomerSet& newcomers, std::size_t items) {
  std::vector<std::size_t> places(newcomers.users().size());
  for (std::size_t place = 0; place < places.size(); ++place) places[place] = place;
  const std::size_t most = std::max<std::size_t>(1, k_most_pairs / std::max<std::size_t>(1, items));
  if (places.size() <= most) return places;
  std::ranges::sort(places, {}, [&](std::size_t place) { return newcomers.users()[place].key; });
  places.resize(most);
  std::ranges::sort(places);
  return places;
}

void append(LikePairs& pairs, const ExperimentData& data, const NewcomerSet& newcomers,
            std::span<const std::size_t> places, std::size_t shots, EncoderScorer& scorer,
            std::span<const float> log_popularity) {
  const std::size_t items = data.dataset.items.size();
  pairs.width = k_features;
  std::vector<float> scores(items);
  std::vector<std::uint8_t> is(items);
  constexpr std::uint8_t candidate = 0, target = 1, masked = 2;
  for (const std::size_t place : places) {
    const HeldOutUser& newcomer = newcomers.users()[place];
    const NewcomerQuery query{newcomer.user, newcomer.key, newcomer.support.first(shots)};
    scorer.score({&query, 1}, scores);
    std::ranges::fill(is, candidate);
    for (const ItemId item : newcomer.targets) is[item.value()] = target;
    for (const ItemId item : newcomer.masked) is[item.value()] = masked;
    for (std::uint32_t item = 0; item < items; ++item) {
      if (is[item] == masked) continue;
      pairs.features.push_back(scores[item]);
      pairs.features.push_back(log_popularity[item]);
      pairs.likes.push_back(is[item]);
      pairs.items.push_back(item);
      pairs.pairs.emplace_back(combine_hash(newcomer.key.value(), data.dataset.item_key(ItemId(item))));
    }
    pairs.users.push_back(newcomer.key);
    pairs.ends.push_back(pairs.size());
  }
}

struct Head {
  std::string name;
  std::vector<std::size_t> features;
  LogisticModel model = {};
};

}  // namespace

CalibrationInput calibrate_likes(const std::string& strategy, const ExperimentData& data,
                                 std::span<const float> log_popularity, std::span<const std::size_t> shots,
                                 EncoderScorer& of_validation, const NewcomerSet& validation, EncoderScorer& of_test,
                                 const NewcomerSet& test, std::uint64_t seed) {
  const std::size_t items = data.dataset.items.size();
  const std::vector<std::size_t> fitted_on = asked(validation, items * shots.size()), tested = asked(test, items);
  LikePairs known;
  for (const std::size_t k : shots) append(known, data, validation, fitted_on, k, of_validation, log_popularity);
  CalibrationInput input;
  input.strategy = strategy;
  input.fitted_on = fitted_on.size();
  std::vector<Head> heads = {{strategy, {k_cosine}},
                             {strategy + std::string(k_item_prior), {k_cosine, k_log_popularity}},
                             {"item prior", {k_log_popularity}},
                             {"base rate", {}}};
  for (Head& head : heads) {
    const std::optional<LogisticModel> model = fit_like_head(known, head.features);
    if (!model) return input;
    head.model = *model;
  }
  for (const std::size_t place : tested) {
    const HeldOutUser& newcomer = test.users()[place];
    input.users.push_back(newcomer.key);
    input.history_lengths.push_back(newcomer.support.size() + newcomer.targets.size());
  }
  const std::size_t smallest = *std::ranges::min_element(shots);
  for (const std::size_t k : shots) {
    LikePairs pairs;
    append(pairs, data, test, tested, k, of_test, log_popularity);
    for (const Head& head : heads) {
      std::vector<double> p = like_probabilities(pairs, head.features, head.model);
      input.scorers.push_back({head.name, k, like_calibration(pairs, p, seed)});
      if (k == smallest) input.scorers.back().probabilities = std::move(p);
    }
    if (k == smallest) input.rated = {pairs.users, pairs.ends, pairs.items, {pairs.likes.begin(), pairs.likes.end()}};
  }
  return input;
}

}  // namespace coldframe
