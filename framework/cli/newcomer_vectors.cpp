#include "framework/cli/newcomer_vectors.h"

#include <algorithm>

#include "framework/core/error.h"
#include "framework/simulation/encoder_policy.h"

namespace coldframe {
namespace {

/// Sixteen interleaved partial sums: a fixed order that the compiler can keep in vector registers.
float dot(std::span<const float> a, std::span<const float> b) {
  float partial[16] = {};
  std::size_t i = 0;
  for (; i + 16 <= a.size(); i += 16) {
    for (std::size_t lane = 0; lane < 16; ++lane) partial[lane] += a[i + lane] * b[i + lane];
  }
  for (std::size_t lane = 0; i < a.size(); ++i, ++lane) partial[lane] += a[i] * b[i];
  float sum = 0;
  for (const float value : partial) sum += value;
  return sum;
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
    : cases_(make_cold_start_cases(data.likes, data.roles.users(role), {.shots = {}, .masked = masked})) {
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
  const std::size_t items = items_.size();
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const std::span<const float> user = queries_.row(query_row(queries[q]));
    for (std::size_t i = 0; i < items; ++i) {
      float score = dot(items_.row(i), user);
      if (!prior_.empty()) score = static_cast<float>(scale_) * score + static_cast<float>(weight_) * prior_[i];
      scores[q * items + i] = score;
    }
  }
}

}  // namespace coldframe
