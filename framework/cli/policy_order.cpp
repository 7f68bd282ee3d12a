#include "framework/cli/policy_order.h"

#include <fmt/format.h>

#include <map>

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/attribute_regression.h"
#include "framework/baselines/ease.h"
#include "framework/baselines/factor_fold_in.h"
#include "framework/baselines/item_knn.h"
#include "framework/baselines/unpersonalised.h"
#include "framework/cli/baseline_rows.h"
#include "framework/cli/training_users.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::size_t k_least_policies = 3;

/// The likes of twins as those of the people whom they are twins of, in the order in which they were drawn.
Likes likes_of_twins(const Dataset& data, const WorldData& twins) {
  std::map<std::uint64_t, std::uint32_t> row;
  for (std::uint32_t u = 0; u < data.users.size(); ++u) row[data.user_key(UserId(u)).value()] = u;
  Dataset log;
  log.users.ids = data.users.ids;
  log.items.ids = data.items.ids;
  for (const WorldUser& twin : twins.users) {
    for (std::size_t k = 0; k < twin.likes.size(); ++k) {
      log.interactions.user.emplace_back(row.at(twin.key));
      log.interactions.item.emplace_back(twin.likes[k]);
      log.interactions.timestamp.push_back(static_cast<std::int64_t>(k));
    }
  }
  sort_interactions(log);
  return Likes(log, LikeOptions{});
}

}  // namespace

CloseBaselines::CloseBaselines(const ExperimentData& data) {
  const TrainingLikes training = training_likes(data.likes, data.roles.users(Role::train));
  const EntityTable& users = data.dataset.users;
  std::vector<std::uint64_t> item_keys;
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) item_keys.push_back(data.dataset.item_key(ItemId(i)));
  add("popularity", std::make_unique<PopularityBaseline>(training));
  if (!users.columns.empty()) {
    for (const double bandwidth : {0.4, 0.8, 1.6}) {
      AttributePopularityOptions options;
      options.bandwidth = bandwidth;
      add(fmt::format("attribute_popularity {}", bandwidth),
          std::make_unique<AttributePopularity>(training, users, options));
    }
    for (const double ridge : {1.0, 5.0, 25.0}) {
      AttributeRegressionOptions options;
      options.ridge = ridge;
      add(fmt::format("attribute_regression {}", ridge),
          std::make_unique<AttributeRegression>(training, users, options));
    }
  }
  for (const std::size_t neighbours : {20, 100, 500}) {
    ItemKnnOptions options;
    options.neighbours = neighbours;
    add(fmt::format("item_knn {}", neighbours), std::make_unique<ItemKnn>(training, options));
  }
  for (const double ridge : {50.0, 200.0, 800.0}) {
    EaseOptions options;
    options.ridge = ridge;
    if (training.items <= options.most_items)
      add(fmt::format("ease {}", ridge), std::make_unique<Ease>(training, options));
  }
  for (const std::size_t dimension : {8, 16, 32}) {
    FactorFoldInOptions options;
    options.dimension = dimension;
    add(fmt::format("fold_in {}", dimension), std::make_unique<FactorFoldIn>(training, item_keys, options));
  }
}

PolicyOrder::PolicyOrder(const Setting& setting) : setting_(setting), baselines_(setting.data) {
  if (setting.shots > static_cast<std::size_t>(setting.experiment.evaluation.masked)) {
    throw ConfigError(
        fmt::format("--shots {}", setting.shots),
        fmt::format("the first {} likes are masked (evaluation.masked)", setting.experiment.evaluation.masked),
        "show fewer");
  }
  for (const CloseBaselines::Member& member : baselines_.members()) {
    if (member.baseline->minimum_history() <= setting.shots) names_.push_back(member.name);
  }
  for (const std::unique_ptr<OpenedRun>& run : setting.runs) {
    names_.push_back(run->folder());
    if (run->prior_weight()) names_.push_back(run->folder() + " + item prior");
  }
  if (names_.size() < k_least_policies) {
    throw ConfigError(fmt::format("--shots {}", setting.shots),
                      fmt::format("{} policies work with so few likes and these attributes, an order needs {}",
                                  names_.size(), k_least_policies),
                      "show more likes, give --run, or leave the order out with --shots -1");
  }
  real_ = values_of(setting.data.likes);
  if (real_.users.empty()) {
    throw DataError(fmt::format("no user of role H has more than {} likes", setting.experiment.evaluation.masked),
                    "nobody is left to rank policies on",
                    "lower evaluation.masked, or leave the order out with --shots -1");
  }
}

PolicyValues PolicyOrder::on_twins(const WorldData& twins) const {
  return values_of(likes_of_twins(setting_.data.dataset, twins));
}

PolicyValues PolicyOrder::values_of(const Likes& likes) const {
  const ExperimentData& data = setting_.data;
  const NewcomerSet newcomers(data, likes, data.roles.users(Role::held_out),
                              static_cast<std::size_t>(setting_.experiment.evaluation.masked));
  const std::size_t items = data.dataset.items.size();
  NewcomerOptions options;
  options.shots = {setting_.shots};
  options.metrics = {{RankingMetric::ndcg, 10}};
  PolicyValues out;
  for (const HeldOutUser& user : newcomers.users()) out.users.push_back(user.key);
  const auto rank = [&](NewcomerScorer& scorer) {
    const NewcomerTable table =
        evaluate_newcomers(newcomers.users(), items, tie_break(setting_.experiment, data), scorer, options);
    out.values.push_back(table.rows.front().values.front());
    out.users = table.users;
  };
  for (const CloseBaselines::Member& member : baselines_.members()) {
    if (member.baseline->minimum_history() > setting_.shots) continue;
    BaselineScorer scorer(*member.baseline, data.dataset.users, items);
    rank(scorer);
  }
  for (const std::unique_ptr<OpenedRun>& run : setting_.runs) {
    const std::size_t shots[] = {setting_.shots};
    EncoderScorer scorer(run->encoder(), run->texts(), run->data(), newcomers, shots,
                         run->experiment().evaluation.user_vector_rule());
    rank(scorer);
    if (!run->prior_weight()) continue;
    scorer.set_prior(run->run().scale(), *run->prior_weight(), training_prior(run->data()));
    rank(scorer);
  }
  return out;
}

}  // namespace coldframe
