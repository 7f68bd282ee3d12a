#include "framework/cli/newcomer_vectors.h"

#include <Eigen/Core>
#include <algorithm>

#include "framework/core/error.h"
#include "framework/simulation/encoder_policy.h"

namespace coldframe {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const RowMatrix> as_matrix(const EncodedTexts& texts) {
  return {texts.vectors.data(), static_cast<Eigen::Index>(texts.size()), static_cast<Eigen::Index>(texts.width)};
}

std::vector<Tokens> all_items(const TokenizedTexts& texts, std::size_t items) {
  std::vector<Tokens> tokens;
  for (std::uint32_t i = 0; i < items; ++i) tokens.push_back(texts.item(ItemId(i)));
  return tokens;
}

/// The texts of all users at one k under `reencode`; under `recompose` only k = 0 is encoded.
std::vector<Tokens> query_texts(const TokenizedTexts& texts, const NewcomerSet& newcomers, std::span<const std::size_t> shots) {
  std::vector<Tokens> tokens;
  for (const std::size_t k : shots) {
    for (const ColdStartUser& user : newcomers.cases().users) {
      const auto oldest_first = ColdStartCases::history(user, k);
      tokens.push_back(texts.newcomer(user.user, std::vector<ItemId>(oldest_first.rbegin(), oldest_first.rend())));
    }
  }
  return tokens;
}

}  // namespace

NewcomerSet::NewcomerSet(const ExperimentData& data, Role role, std::size_t masked)
    : cases_(make_cold_start_cases(data.likes, data.roles.users(role), {.masked = masked})) {
  for (const ColdStartUser& user : cases_.users) {
    users_.push_back({user.user, data.dataset.user_key(user.user), user.support, user.support, user.targets});
  }
}

TieBreak tie_break(const Experiment& experiment, const ExperimentData& data) {
  std::vector<std::uint64_t> keys;
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) keys.push_back(data.dataset.item_key(ItemId(i)));
  return TieBreak(static_cast<std::uint64_t>(experiment.evaluation.tie_seed), std::move(keys));
}

EncoderScorer::EncoderScorer(const BulkEncoder& encoder, const TokenizedTexts& texts, const ExperimentData& data,
                             const NewcomerSet& newcomers, std::span<const std::size_t> shots, UserVector rule)
    : items_(encoder.encode(all_items(texts, data.dataset.items.size()), "encode items")),
      shots_(shots.begin(), shots.end()),
      row_of_user_(data.dataset.users.size(), 0),
      user_count_(newcomers.users().size()) {
  const auto& users = newcomers.cases().users;
  for (std::size_t row = 0; row < users.size(); ++row) row_of_user_[users[row].user.value()] = row;
  if (rule == UserVector::reencode) {
    queries_ = encoder.encode(query_texts(texts, newcomers, shots_), "encode newcomers");
    return;
  }
  const std::size_t none = 0;
  const EncodedTexts profiles = encoder.encode(query_texts(texts, newcomers, {&none, 1}), "encode newcomers");
  const VectorTable items(items_.size(), items_.width, {items_.vectors.span().begin(), items_.vectors.span().end()});
  queries_ = {items_.width, AlignedBuffer(shots_.size() * user_count_ * items_.width)};
  for (std::size_t s = 0; s < shots_.size(); ++s) {
    for (std::size_t row = 0; row < user_count_; ++row) {
      const auto out = queries_.vectors.span().subspan((s * user_count_ + row) * items_.width, items_.width);
      recompose(profiles.row(row), items, ColdStartCases::history(users[row], shots_[s]), shots_[s], out);
    }
  }
}

void EncoderScorer::set_prior(double scale, double weight, std::vector<float> prior) {
  scale_ = prior.empty() ? 1.0 : scale;
  weight_ = weight;
  prior_ = std::move(prior);
}

std::size_t EncoderScorer::query_row(const NewcomerQuery& query) const {
  const auto shot = std::ranges::find(shots_, query.history.size());
  CF_EXPECTS(shot != shots_.end());
  return static_cast<std::size_t>(shot - shots_.begin()) * user_count_ + row_of_user_[query.user.value()];
}

void EncoderScorer::score(std::span<const NewcomerQuery> queries, std::span<float> scores) {
  const auto width = static_cast<Eigen::Index>(items_.width);
  // One user at a time: the bits of a score depend on no other user of the batch.
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const std::span<const float> vector = queries_.row(query_row(queries[q]));
    const Eigen::Map<const Eigen::VectorXf> user(vector.data(), width);
    Eigen::Map<Eigen::VectorXf> row(scores.data() + q * items_.size(), static_cast<Eigen::Index>(items_.size()));
    row.noalias() = as_matrix(items_) * user;
    if (prior_.empty()) continue;
    const Eigen::Map<const Eigen::VectorXf> prior(prior_.data(), static_cast<Eigen::Index>(prior_.size()));
    row = static_cast<float>(scale_) * row + static_cast<float>(weight_) * prior;
  }
}

}  // namespace coldframe
