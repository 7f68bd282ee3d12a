// Numbers of RecBole's own classes, metric by metric: where a convention of ours has another name there, the variant is
// the one that agrees.

#include <gtest/gtest.h>

#include "framework/evaluation/auc.h"
#include "framework/evaluation/calibration.h"
#include "framework/evaluation/exposure.h"
#include "framework/evaluation/ranking.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(RecBole, ranking_metrics_are_ours_at_every_cut) {
  const auto golden = testing::golden("recbole")["ranking"];
  const std::pair<const char*, double (*)(JudgedList, std::size_t)> metrics[] = {
      {"hr", hit_rate_at}, {"mrr", mrr_at},       {"precision", precision_at},
      {"map", map_at},     {"recall", recall_at}, {"ndcg", ndcg_at}};
  std::size_t compared = 0;
  for (std::size_t user = 0; user < golden["targets"].size(); ++user) {
    const auto relevant = golden["relevant"][user].get<std::vector<std::uint8_t>>();
    const JudgedList list{relevant, golden["targets"][user].get<std::size_t>()};
    for (const auto& [name, metric] : metrics) {
      for (std::size_t k = 1; k <= relevant.size(); ++k) {
        EXPECT_NEAR(metric(list, k), golden[name][user][k - 1].get<double>(), 1e-12) << name << "@" << k;
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 7u * 6u * 10u);
}

TEST(RecBole, exposure_counts_the_padding_item) {
  for (const auto& golden : testing::golden("recbole")["exposure"]) {
    Exposure shown(golden["items"].get<std::size_t>());
    for (const auto& list : golden["lists"]) shown.add_list(testing::items_in(list));
    const auto train = golden["train"].get<std::vector<std::uint64_t>>();
    EXPECT_NEAR(shown.coverage_pad(), golden["coverage_pad"].get<double>(), 1e-12);
    EXPECT_NEAR(shown.gini_pad(), golden["gini_pad"].get<double>(), 1e-12);
    EXPECT_NEAR(shown.entropy_per_item(), golden["entropy_per_item"].get<double>(), 1e-12);
    EXPECT_NEAR(shown.mean_popularity(train), golden["popularity"].get<double>(), 1e-12);
    EXPECT_NEAR(shown.share_of(tail_seen_items(train, 0.1)), golden["tail_seen"].get<double>(), 1e-12);
    EXPECT_NEAR(shown.share_of(tail_seen_items(train, 2)), golden["tail_below_three"].get<double>(), 1e-12);
    EXPECT_GT(shown.coverage(), shown.coverage_pad()) << "the default counts real items alone";
  }
}

TEST(RecBole, clicks_have_its_auc_gauc_and_log_loss) {
  const auto golden = testing::golden("recbole")["clicks"];
  GroupedAuc grouped;
  std::vector<float> all_scores;
  std::vector<std::uint8_t> all_labels;
  for (std::size_t user = 0; user < golden["scores"].size(); ++user) {
    const auto scores = golden["scores"][user].get<std::vector<float>>();
    const auto labels = golden["labels"][user].get<std::vector<std::uint8_t>>();
    grouped.add_user(scores, labels);
    all_scores.insert(all_scores.end(), scores.begin(), scores.end());
    all_labels.insert(all_labels.end(), labels.begin(), labels.end());
  }
  EXPECT_EQ(grouped.left_out(), 1u);
  EXPECT_NEAR(*grouped.value(), golden["gauc"].get<double>(), 1e-12);
  EXPECT_NEAR(*auc(all_scores, all_labels), golden["auc"].get<double>(), 1e-12);
  EXPECT_NEAR(log_loss(golden["probabilities"].get<std::vector<double>>(), all_labels),
              golden["log_loss"].get<double>(), 1e-12)
      << "clipped at 1e-15 as there";
}

}  // namespace
}  // namespace coldframe
