#include "framework/cli/frozen_layers.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/hash.h"

namespace coldframe {
namespace {

/// What strategies added below or beside the encoder's own weights and never train; their own objective aside.
std::string frozen_additions(const Learner& learner) {
  std::string lines;
  const std::vector<ParameterIndex>& own = learner.encoder->parameters();
  const std::vector<ParameterIndex> objective = learner.objective->parameters();
  for (std::size_t i = 0; i < learner.parameters.size(); ++i) {
    const auto index = static_cast<ParameterIndex>(i);
    const bool counts = std::ranges::find(own, index) == own.end() &&
                        std::ranges::find(objective, index) == objective.end() &&
                        !learner.parameters.info(index).trainable;
    if (!counts) continue;
    const at::Tensor& value = learner.parameters.value(index);
    const std::span bytes(static_cast<const std::byte*>(value.const_data_ptr()), value.nbytes());
    lines += fmt::format("{} {}\n", learner.parameters.info(index).name, sha256_hex(bytes));
  }
  return sha256_hex(lines);
}

}  // namespace

std::int64_t layers_to_cache(const Experiment& experiment, const Learner& learner) {
  if (!experiment.prefix_cache.use) return 0;
  const std::int64_t first = learner.encoder->first_trainable_layer(ParameterView(learner.parameters, false));
  if (first > 0) return first;
  throw ConfigError(
      fmt::format("prefix_cache.use = true with strategy.use = {}", fmt::join(experiment.strategy.use, " ")),
      first < 0 ? "it trains the embeddings, so there is nothing below that stays as it is"
                : "it trains the lowest layer, so there is nothing below that stays as it is",
      fmt::format(
          "train upper layers alone, as with targets = layer.{0}.attention.query layer.{0}.attention.value in "
          "[strategy.lora] or parameters = encoder.layer.{0}.* in [strategy.full], or set prefix_cache.use = false",
          learner.encoder->layers() - 1));
}

PrefixCache& PrefixCaches::get(const Experiment& experiment, const Learner& learner, const Provenance& provenance) {
  const std::string identity = fmt::format(
      "encoder {} additions {} layer {} precision {} pass {} build {} instruction set {}", learner.encoder_digest,
      frozen_additions(learner), layers_to_cache(experiment, learner), experiment.encoder.precision,
      FrozenPrefix::pass_unit(), provenance.build_id, provenance.instruction_set);
  const auto found = std::ranges::find(caches_, identity, &PrefixCache::identity);
  if (found != caches_.end()) return **found;
  const std::size_t row_bytes = prefix_row_bytes(*learner.encoder, learner.parameters.precision());
  caches_.push_back(std::make_unique<PrefixCache>(identity, row_bytes, experiment.prefix_cache));
  return *caches_.back();
}

void fill_with_known_texts(const FrozenPrefix& prefix, const Experiment& experiment, const ExperimentData& data,
                           const TokenizedTexts& texts, std::int64_t steps, const Group& group, LanePool& pool) {
  std::vector<Tokens> known;
  const auto items = static_cast<std::int64_t>(data.dataset.items.size());
  if (steps * (experiment.batch.pairs + experiment.batch.extra_items) >= items) {
    for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) known.push_back(texts.item(ItemId(i)));
  }
  const std::vector<UserId>& users = data.roles.users(Role::train);
  const bool profiles =
      std::ranges::find(experiment.training.history_sizes, 0) != experiment.training.history_sizes.end();
  if (profiles && steps * experiment.batch.pairs >= static_cast<std::int64_t>(users.size())) {
    for (const UserId user : users) known.push_back(texts.user(user, {}));
  }
  prefix.fill(group, pool, known);
}

std::string prefix_use_text(const FrozenPrefix& prefix, const PrefixCacheUse& use) {
  std::string text =
      fmt::format("prefix cache below layer {}: {} texts, {:.1f} MB in memory, {:.1f} MB mapped", prefix.layer(),
                  use.texts, static_cast<double>(use.memory_bytes) * 1e-6, static_cast<double>(use.file_bytes) * 1e-6);
  const std::uint64_t asked = use.found + use.computed;
  if (asked > 0) {
    text += fmt::format("; {:.1f} % of {} texts found",
                        100 * static_cast<double>(use.found) / static_cast<double>(asked), asked);
  }
  if (use.evicted > 0) text += fmt::format("; {} chunks thrown out for room", use.evicted);
  return text;
}

}  // namespace coldframe
