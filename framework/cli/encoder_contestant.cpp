#include "framework/cli/encoder_contestant.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <optional>

#include "framework/cli/newcomer_vectors.h"
#include "framework/simulation/searching_vectors.h"
#include "framework/training/bulk_encoder.h"

namespace coldframe {
namespace {

TextOptions newcomer_texts(TextOptions texts, const std::string& user_template) {
  if (!user_template.empty()) texts.user = user_template;
  return texts;
}

}  // namespace

/// Renders and encodes users with a history during the replay.
class EncoderContestant::Reencoder {
 public:
  Reencoder(Learner& learner, const Experiment& experiment, const Setting& setting)
      : profiles_(setting.profiles.size()),
        words_(setting.words),
        texts_(setting.profiles, setting.data.dataset.items, newcomer_texts(experiment.text, setting.user_template)),
        prompt_(experiment.text.user_prompt),
        tokens_(setting.data, learner.tokenizer, token_limit(experiment, *learner.encoder)),
        // Every text is a chunk of its own: a vector must not depend on who else is asked for.
        encoder_(alone_, caller_, *learner.encoder, learner.parameters, /*chunk_tokens=*/1) {
    if (words_ == nullptr) return;
    const bool same = words_->user_template().empty();
    later_texts_.emplace(setting.profiles, setting.data.dataset.items,
                         newcomer_texts(experiment.text, same ? setting.user_template : words_->user_template()),
                         same ? "text.user" : "vocabulary_drift.user_template");
  }

  /// One call at a time, from any thread.
  void encode(std::span<const UserView> users, std::span<float> vectors) const {
    at::set_num_threads(1);
    std::vector<Tokens> texts;
    for (const UserView& user : users) {
      texts.push_back(user_tokens(user.profile_row, user.likes));
    }
    std::ranges::copy(encoder_.encode(texts, "simulate").vectors.span(), vectors.begin());
  }

  /// What is searched for is what a user says: it has the prompt of users.
  std::vector<Tokens> query_tokens(std::span<const Query> queries) const {
    std::vector<Tokens> tokens;
    for (const Query& query : queries) tokens.push_back(tokens_.text(prompt_ + query.text));
    return tokens;
  }

  std::vector<Tokens> profile_tokens() const {
    std::vector<Tokens> tokens;
    const std::size_t rows = later_texts_ ? 2 * profiles_ : profiles_;
    for (std::uint32_t row = 0; row < rows; ++row) tokens.push_back(user_tokens(row, {}));
    return tokens;
  }
  std::vector<Tokens> item_tokens(std::size_t items) const {
    std::vector<Tokens> tokens;
    for (std::uint32_t i = 0; i < items; ++i) tokens.push_back(tokens_.item(ItemId(i)));
    return tokens;
  }

 private:
  /// Rows behind the profiles are the same profiles in new words.
  Tokens user_tokens(std::uint32_t row, std::span<const ItemId> newest_first) const {
    const bool later = row >= profiles_;
    const UserId profile(later ? row - static_cast<std::uint32_t>(profiles_) : row);
    if (!later) return tokens_.text(texts_.user(profile, newest_first, TextUse::evaluation));
    std::vector<std::string> titles;
    for (const ItemId item : newest_first) titles.push_back(later_texts_->history_entry(item));
    const std::string written = later_texts_->user(profile, newest_first, TextUse::evaluation);
    return tokens_.text(prompt_ + words_->reworded(written.substr(prompt_.size()), titles));
  }

  std::size_t profiles_;
  const VocabularyDrift* words_;  // nullptr: they do not change
  TextViews texts_;
  std::optional<TextViews> later_texts_;  // when vocabulary changes
  std::string prompt_;
  TokenizedTexts tokens_;
  Group alone_;
  mutable LanePool caller_{1};
  BulkEncoder encoder_;
};

EncoderContestant::EncoderContestant(std::string name, std::unique_ptr<Learner> learner, const Experiment& experiment,
                                     double scale, const Setting& setting)
    : learner_(std::move(learner)),
      reencoder_(std::make_unique<Reencoder>(*learner_, experiment, setting)),
      ties_(setting.catalogue.ties(static_cast<std::uint64_t>(setting.options.seed))),
      scoring_(setting.options.scoring == "int8" ? Scoring::int8 : Scoring::fp32) {
  const BulkEncoder encoder(setting.group, setting.pool, *learner_->encoder, learner_->parameters,
                            experiment.batch.tokens);
  const std::size_t items = setting.data.dataset.items.size();
  items_ = std::make_unique<ItemTable>(ItemTable{
      vector_table(encoder.encode(reencoder_->item_tokens(items), "encode items")), {}, static_cast<float>(scale)});
  if (!setting.queries.empty()) {
    queries_ = std::make_unique<VectorTable>(
        vector_table(encoder.encode(reencoder_->query_tokens(setting.queries), "encode queries")));
  }
  const auto history = static_cast<std::size_t>(setting.options.history_items);
  if (setting.user_vector == UserVector::recompose || setting.profile_vectors) {
    profiles_ =
        std::make_unique<VectorTable>(vector_table(encoder.encode(reencoder_->profile_tokens(), "encode profiles")));
  }
  if (setting.user_vector == UserVector::recompose) {
    users_ = std::make_unique<RecomposedVectors>(*profiles_, items_->vectors, history, setting.words);
    reencoder_.reset();
    learner_.reset();
  } else {
    users_ = std::make_unique<ReencodedVectors>(
        [this](std::span<const UserView> users, std::span<float> vectors) { reencoder_->encode(users, vectors); },
        items_->vectors.width(), history, setting.words);
  }
  if (queries_) searching_ = std::make_unique<SearchingVectors>(*users_, *queries_, setting.search.query_weight);
  policy_ = ranking(std::move(name), *items_);
}

std::shared_ptr<const EncoderPolicy> EncoderContestant::ranking(std::string called, const ItemTable& items) const {
  return std::make_shared<EncoderPolicy>(std::move(called), items, searching_ ? *searching_ : *users_, ties_, scoring_);
}

std::shared_ptr<const ScoredPolicy> EncoderContestant::policy_with_prior(std::string called, double weight,
                                                                         std::span<const float> prior) {
  std::vector<float> weighted;
  for (const float p : prior) weighted.push_back(static_cast<float>(weight) * p);
  with_prior_.push_back(
      std::make_unique<const ItemTable>(ItemTable{items_->vectors, std::move(weighted), items_->scale}));
  return ranking(std::move(called), *with_prior_.back());
}

EncoderContestant::~EncoderContestant() = default;

}  // namespace coldframe
