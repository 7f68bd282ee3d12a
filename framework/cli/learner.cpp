#include "framework/cli/learner.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/data/dataset_store.h"
#include "framework/data/new_items.h"
#include "framework/model/encoder_digest.h"

namespace coldframe {
namespace {

Likes likes_known(Dataset& dataset, const Roles& roles, const std::vector<bool>& new_items,
                  const LikeOptions& options) {
  withhold_new_items(dataset, roles, new_items);
  return Likes(dataset, options);
}

}  // namespace

ExperimentData::ExperimentData(const Experiment& experiment)
    : dataset(read_dataset(experiment.data.path)),
      checksum(content_checksum(dataset)),
      roles(dataset, experiment.data.roles),
      poisoned(poison_training_log(dataset, roles, experiment.poisoning, experiment.data.likes)),
      new_items(choose_new_items(dataset, experiment.data.new_item_share,
                                 static_cast<std::uint64_t>(experiment.data.roles.seed))),
      likes(likes_known(dataset, roles, new_items, experiment.data.likes)),
      texts(dataset, experiment.text) {}

TokenizedTexts::TokenizedTexts(const ExperimentData& data, std::shared_ptr<const Tokenizer> tokenizer,
                               std::int64_t max_tokens)
    : data_(data), tokenizer_(std::move(tokenizer)), max_tokens_(static_cast<std::size_t>(max_tokens)) {
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) items_.push_back(text(data.texts.item(ItemId(i))));
}

Tokens TokenizedTexts::text(const std::string& text) const {
  const std::vector<TokenId> ids = tokenizer_->encode(text, max_tokens_);
  return std::make_shared<const std::vector<std::int64_t>>(ids.begin(), ids.end());
}

Tokens TokenizedTexts::user(UserId user, std::span<const ItemId> history) const {
  return text(data_.texts.user(user, history, TextUse::training));
}

Tokens TokenizedTexts::newcomer(UserId user, std::span<const ItemId> newest_first) const {
  return text(data_.texts.user(user, newest_first, TextUse::evaluation));
}

std::int64_t token_limit(const Experiment& experiment, const Encoder& encoder) {
  return experiment.text.max_tokens > 0 ? std::min(experiment.text.max_tokens, encoder.max_tokens())
                                        : encoder.max_tokens();
}

Learner::Learner(const Experiment& experiment, const ResolvedConfig& config)
    : encoder(load_encoder(experiment.encoder, parameters)),
      strategies(experiment.make_strategies(config)),
      objective(experiment.make_objective(config)),
      tokenizer(Tokenizer::from_folder(experiment.encoder.folder)),
      encoder_digest(coldframe::encoder_digest(*encoder, parameters)) {
  if (static_cast<std::int64_t>(tokenizer->vocabulary_size()) > encoder->vocabulary()) {
    throw DataError(fmt::format("{}: the tokenizer makes ids up to {}", experiment.encoder.folder,
                                tokenizer->vocabulary_size() - 1),
                    fmt::format("the encoder knows {} tokens", encoder->vocabulary()),
                    "take tokenizer and weights from one folder");
  }
  const auto seed = static_cast<std::uint64_t>(experiment.experiment.seed);
  strategies.attach(*encoder, parameters, {seed, encoder_digest});
  trainable_parameters = parameters.trainable_count();
  objective->attach(parameters);
}

}  // namespace coldframe
