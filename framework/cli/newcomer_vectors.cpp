#include "framework/cli/newcomer_vectors.h"

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {
namespace {

/// The texts of all users at one k under `reencode`; under `recompose` only k = 0 is encoded.
std::vector<Tokens> query_texts(const TokenizedTexts& texts, const NewcomerSet& newcomers,
                                std::span<const std::size_t> shots) {
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

EncodedTexts encode_items(const BulkEncoder& encoder, const TokenizedTexts& texts, const ExperimentData& data) {
  std::vector<Tokens> tokens;
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) tokens.push_back(texts.item(ItemId(i)));
  return encoder.encode(tokens, "encode items");
}

VectorTable vector_table(const EncodedTexts& encoded) {
  return VectorTable(encoded.size(), encoded.width, {encoded.vectors.span().begin(), encoded.vectors.span().end()});
}

NewcomerSet::NewcomerSet(const ExperimentData& data, Role role, std::size_t masked)
    : NewcomerSet(data, data.likes, data.roles.users(role), masked) {}

NewcomerSet::NewcomerSet(const ExperimentData& data, const Likes& likes, std::span<const UserId> users,
                         std::size_t masked)
    : cases_(make_cold_start_cases(likes, users, {.shots = {}, .masked = masked})) {
  for (const ColdStartUser& user : cases_.users) {
    users_.push_back({user.user, data.dataset.user_key(user.user), user.support, user.support, user.targets});
  }
}

TieBreak tie_break(const Experiment& experiment, const ExperimentData& data) {
  std::vector<std::uint64_t> keys;
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) keys.push_back(data.dataset.item_key(ItemId(i)));
  return TieBreak(static_cast<std::uint64_t>(experiment.evaluation.tie_seed), std::move(keys));
}

EncodedTexts encode_newcomers(const BulkEncoder& encoder, const TokenizedTexts& texts, const NewcomerSet& newcomers,
                              std::span<const std::size_t> shots, UserVector rule, const EncodedTexts& items) {
  if (rule == UserVector::reencode) {
    return encoder.encode(query_texts(texts, newcomers, shots), "encode newcomers");
  }
  const std::size_t none = 0;
  const EncodedTexts profiles = encoder.encode(query_texts(texts, newcomers, {&none, 1}), "encode newcomers");
  const VectorTable table = vector_table(items);
  const auto& users = newcomers.cases().users;
  EncodedTexts queries{table.width(), AlignedBuffer(shots.size() * users.size() * table.width())};
  for (std::size_t s = 0; s < shots.size(); ++s) {
    for (std::size_t row = 0; row < users.size(); ++row) {
      const auto out = queries.vectors.span().subspan((s * users.size() + row) * table.width(), table.width());
      recompose(profiles.row(row), table, ColdStartCases::history(users[row], shots[s]), shots[s], out);
    }
  }
  return queries;
}

EncoderScorer::EncoderScorer(const BulkEncoder& encoder, const TokenizedTexts& texts, const ExperimentData& data,
                             const NewcomerSet& newcomers, std::span<const std::size_t> shots, UserVector rule)
    : scores_(encode_items(encoder, texts, data)),
      shots_(shots.begin(), shots.end()),
      row_of_user_(data.dataset.users.size(), 0),
      user_count_(newcomers.users().size()) {
  const auto& users = newcomers.cases().users;
  for (std::size_t row = 0; row < users.size(); ++row) row_of_user_[users[row].user.value()] = row;
  queries_ = encode_newcomers(encoder, texts, newcomers, shots_, rule, scores_.items());
}

std::size_t EncoderScorer::query_row(const NewcomerQuery& query) const {
  const auto shot = std::ranges::find(shots_, query.history.size());
  CF_EXPECTS(shot != shots_.end());
  return static_cast<std::size_t>(shot - shots_.begin()) * user_count_ + row_of_user_[query.user.value()];
}

void EncoderScorer::score(std::span<const NewcomerQuery> queries, std::span<float> scores) {
  const std::size_t items = scores_.items().size();
  for (std::size_t q = 0; q < queries.size(); ++q) {
    scores_.score(queries_.row(query_row(queries[q])), scores.subspan(q * items, items));
  }
}

}  // namespace coldframe
