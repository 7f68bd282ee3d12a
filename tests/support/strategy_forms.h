#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "framework/core/options.h"
#include "framework/model/adalora_options.h"
#include "framework/model/encoder_family.h"
#include "framework/model/ia3_strategy.h"
#include "framework/model/layer_norm_strategy.h"
#include "framework/model/loha_strategy.h"
#include "framework/model/lokr_strategy.h"
#include "framework/model/lora_options.h"
#include "framework/model/prefix_strategy.h"
#include "framework/model/prompt_strategy.h"
#include "framework/model/vera_strategy.h"

namespace coldframe::test {

enum class Start { pretrained_bits, pretrained_function };
enum class Backward { of_function, of_constant_norms };

/// A way of fine-tuning that merges and has a twin in PEFT. What all of them promise (same bits on any ranks, merging,
/// PEFT folders, gradients) is tested over the list below: a new one is one line.
struct StrategyForm {
  std::string name;
  std::string kind;
  std::shared_ptr<const Options> options;
  Start start = Start::pretrained_bits;
  Backward backward = Backward::of_function;
  FamilyKind family = FamilyKind::bert;
};

template <class Kind>
std::shared_ptr<const Options> options_with(const std::function<void(Kind&)>& change = {}) {
  auto options = std::make_shared<Kind>();
  if (change) change(*options);
  return options;
}

/// Their twins in Python, by name: tests/golden/peft_forms.py.
inline std::vector<StrategyForm> strategy_forms() {
  return {
      {"lora", "lora", options_with<LoraOptions>()},
      {"lora_patterned", "lora", options_with<LoraOptions>([](LoraOptions& options) {
         options.scaling = "rank_stabilized";
         options.init = "gaussian";
         options.layers = {1};
         options.targets = {"attention.*", "feed_forward.inner"};
         options.rank_pattern = {"attention.value:4", "feed_forward.*:2"};
         options.alpha_pattern = {"attention.query:24"};
         options.b_learning_rate_factor = 16;
       })},
      {"lora_own_biases", "lora", options_with<LoraOptions>([](LoraOptions& options) { options.bias = "lora_only"; })},
      {"lora_all_biases", "lora", options_with<LoraOptions>([](LoraOptions& options) { options.bias = "all"; })},
      {"lora_pissa", "lora", options_with<LoraOptions>([](LoraOptions& options) { options.init = "pissa"; }),
       Start::pretrained_function},
      {"lora_olora", "lora", options_with<LoraOptions>([](LoraOptions& options) { options.init = "olora"; }),
       Start::pretrained_function},
      {"dora", "dora", options_with<LoraOptions>([](LoraOptions& options) { options.targets = {"*"}; }),
       Start::pretrained_bits, Backward::of_constant_norms},
      {"dora_pissa", "dora", options_with<LoraOptions>([](LoraOptions& options) { options.init = "pissa"; }),
       Start::pretrained_function, Backward::of_constant_norms},
      {"vera", "vera", options_with<VeraOptions>()},
      {"vera_all", "vera", options_with<VeraOptions>([](VeraOptions& options) {
         options.rank = 32;
         options.d_initial = 0.5;
         options.targets = {"*"};
       })},
      {"ia3", "ia3", options_with<Ia3Options>()},
      {"ia3_peft", "ia3", options_with<Ia3Options>([](Ia3Options& options) {
         options.input_targets = {"attention.output", "feed_forward.output"};
       })},
      {"loha", "loha", options_with<LohaOptions>()},
      {"lokr", "lokr", options_with<LokrOptions>()},
      {"lokr_products", "lokr", options_with<LokrOptions>([](LokrOptions& options) {
         options.rank = 3;
         options.alpha = 12;
         options.factor = 8;
         options.decompose_both = true;
         options.targets = {"*"};
       })},
      {"adalora", "adalora", options_with<AdaloraOptions>([](AdaloraOptions& options) {
         options.initial_rank = 8;
         options.rank = 3;
         options.alpha = 160;
         options.final_steps = 120;  // of 200: the last choice is made before the runs of the tests end
       })},
      {"layer_norm", "layer_norm", options_with<LayerNormOptions>()},
      {"layer_norm_attention", "layer_norm",
       options_with<LayerNormOptions>([](LayerNormOptions& options) { options.targets = {"attention.*"}; })},
  };
}

/// Keys, values and rows in front of a text's own.
inline std::vector<StrategyForm> virtual_token_forms() {
  const auto prefix = [](const char* positions) {
    return options_with<PrefixOptions>([&](PrefixOptions& options) {
      options.length = 5;
      options.positions = positions;
      options.inner_width = 16;
    });
  };
  const auto flat = [](const char* positions) {
    return options_with<PTuningOptions>([&](PTuningOptions& options) {
      options.length = 5;
      options.positions = positions;
    });
  };
  return {
      {"prefix", "prefix", prefix("stay")},
      {"prefix_shift", "prefix", prefix("shift")},
      {"p_tuning_v2", "p_tuning_v2", flat("stay")},
      {"p_tuning_v2_shift", "p_tuning_v2", flat("shift")},
      {"prompt", "prompt", options_with<PromptOptions>([](PromptOptions& options) { options.length = 5; })},
  };
}

/// Those of a family that PEFT computes too. It begins texts behind a prefix, and MPNet in transformers lets no prefix
/// in.
inline std::vector<StrategyForm> peft_forms(FamilyKind family) {
  std::vector<StrategyForm> all = strategy_forms();
  for (StrategyForm& form : virtual_token_forms()) {
    const bool prefix = form.kind != "prompt";
    if (!prefix || (family == FamilyKind::bert && form.name.ends_with("_shift"))) all.push_back(std::move(form));
  }
  return all;
}

/// The same on encoders of every family.
inline std::vector<StrategyForm> on_every_family(std::vector<StrategyForm> forms) {
  std::vector<StrategyForm> all;
  for (const EncoderFamily& family : encoder_families()) {
    for (StrategyForm& form : forms) {
      form.family = family.kind;
      all.push_back(form);
    }
  }
  return all;
}

inline StrategyForm strategy_form(const std::string& name) {
  for (const StrategyForm& form : strategy_forms()) {
    if (form.name == name) return form;
  }
  return {};
}

/// For INSTANTIATE_TEST_SUITE_P.
inline void PrintTo(const StrategyForm& form, std::ostream* out) {
  *out << form.name << " on " << encoder_family(form.family).name;
}
struct FormName {
  template <class Info>
  std::string operator()(const Info& info) const {
    std::string name = info.param.name;
    if (info.param.family != FamilyKind::bert) name.append("_").append(encoder_family(info.param.family).name);
    return name;
  }
};

}  // namespace coldframe::test
