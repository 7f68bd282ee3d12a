#include "framework/cli/noisy_texts.h"

#include <algorithm>

#include "framework/cli/newcomer_noise.h"

namespace coldframe {
namespace {

/// Frozen: the page of the choice among kinds, beyond those of the kinds themselves (text_noise.cpp).
constexpr std::uint32_t k_choice_page = 100;
constexpr std::uint64_t k_epochs = std::uint64_t{1} << 20;  // that a counter tells apart

std::unique_ptr<Thesaurus> thesaurus_for(const std::vector<TextNoise>& kinds) {
  const bool needed = std::ranges::find(kinds, TextNoise::synonyms) != kinds.end();
  return needed ? std::make_unique<Thesaurus>() : nullptr;
}

std::vector<TextNoise> kinds_of(const TrainingOptions& options) {
  std::vector<TextNoise> kinds;
  for (const std::string& name : options.text_noise) kinds.push_back(*text_noise_of(name));
  return kinds;
}

}  // namespace

NoisyTexts::NoisyTexts(const Experiment& experiment, const ExperimentData& data, const TokenizedTexts& texts)
    : data_(data),
      texts_(texts),
      options_(experiment.training),
      prompt_(experiment.text.user_prompt.size()),
      seed_(static_cast<std::uint64_t>(experiment.experiment.seed)),
      kinds_(kinds_of(experiment.training)),
      thesaurus_(thesaurus_for(kinds_)),
      noiser_(thesaurus_.get()) {}

Tokens NoisyTexts::anchor(UserId user, std::span<const ItemId> history, std::uint64_t epoch) const {
  if (kinds_.empty()) return texts_.user(user, history);
  const UserKey key(data_.dataset.user_key(user));
  const auto draw = static_cast<std::uint32_t>(epoch % k_epochs);
  const PhiloxBlock words = KeyedRandom(seed_, Purpose::text_noise).block(key, draw, k_choice_page);
  if (uniform_double(words[0]) >= options_.text_noise_share) return texts_.user(user, history);
  const TextNoise kind = kinds_[uniform_below(words[1], static_cast<std::uint32_t>(kinds_.size()))];
  const std::string written = data_.texts.user(user, history, TextUse::training);
  const std::string_view behind_prompt = std::string_view(written).substr(prompt_);
  return texts_.text(written.substr(0, prompt_) +
                     noiser_.apply(kind, options_.text_noise_severity, behind_prompt, {seed_, key, draw}).text);
}

}  // namespace coldframe
