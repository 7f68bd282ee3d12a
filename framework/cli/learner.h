#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/cli/experiment.h"
#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/poisoning.h"
#include "framework/data/roles.h"
#include "framework/model/encoder.h"
#include "framework/model/rounded_maps.h"
#include "framework/text/tokenizer.h"
#include "framework/training/step_plan.h"

namespace coldframe {

/// The data of an experiment: store, roles, likes and texts.
struct ExperimentData {
  explicit ExperimentData(const Experiment& experiment);

  Dataset dataset;
  std::string checksum;  // of the store's content, before anything was poisoned
  Roles roles;
  PoisonedLog poisoned;         // by `[poisoning]`: made-up users are the last of the table, and of role T
  std::vector<bool> new_items;  // [items] by data.new_item_share, without interactions of T and V; empty: none
  Likes likes;
  TextViews texts;
};

/// Tokenised texts of users and items for one encoder. Items are tokenised once. Thread-safe.
class TokenizedTexts final : public TokenSource {
 public:
  /// `max_tokens` 0: the limit of the encoder.
  TokenizedTexts(const ExperimentData& data, std::shared_ptr<const Tokenizer> tokenizer, std::int64_t max_tokens);

  Tokens item(ItemId item) const override { return items_[item.value()]; }
  Tokens user(UserId user, std::span<const ItemId> history) const override;
  /// As shown in evaluation: other number of titles. History newest first.
  Tokens newcomer(UserId user, std::span<const ItemId> newest_first) const;
  Tokens text(const std::string& text) const;

 private:
  const ExperimentData& data_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::size_t max_tokens_;
  std::vector<Tokens> items_;
};

/// The limit on tokens that an experiment's texts have with this encoder.
std::int64_t token_limit(const Experiment& experiment, const Encoder& encoder);

/// A pretrained encoder with the strategies of an experiment attached, and the objective's own parameters.
struct Learner {
  Learner(const Experiment& experiment, const ResolvedConfig& config);

  /// Frees what training and encoding in this precision do not read; strategies can be exported, no longer merged.
  void free_unread_weights() { keep_frozen_maps_rounded(*encoder, parameters); }

  ParameterStore parameters;
  std::unique_ptr<Encoder> encoder;
  StrategySet strategies;
  std::unique_ptr<Objective> objective;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::string encoder_digest;             // of the pretrained weights
  std::int64_t trainable_parameters = 0;  // of the strategies, without the objective's
};

}  // namespace coldframe
