#include "framework/model/adalora_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/adalora_form.h"
#include "framework/model/initial_values.h"
#include "framework/model/keyed_dropout.h"
#include "framework/model/linear_map.h"
#include "framework/model/linear_targets.h"
#include "framework/model/orthogonality.h"
#include "framework/model/rank_allocator.h"

namespace coldframe {
namespace {

class AdaloraDelta final : public SiteDelta {
 public:
  AdaloraDelta(AdaloraSite site, double scale, DropoutSite dropout)
      : site_(std::move(site)), scale_(scale), dropout_(dropout) {}

  at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const override {
    const at::Tensor input = keyed_dropout(x, context.layout, context.dropout, dropout_);
    const at::Tensor low = linear_map(context.parameters, input, site_.q);
    const at::Tensor weighted = (low * context.parameters[site_.e]).to(low.scalar_type());
    return add_linear_map(context.parameters, y, weighted, site_.p, scale_);
  }

  std::vector<ParameterIndex> parameters() const override { return {site_.q, site_.e, site_.p}; }

 private:
  AdaloraSite site_;
  double scale_;
  DropoutSite dropout_;
};

/// What the triplets of one map were found to be worth.
struct SiteImportance {
  ElementImportance q, e, p;
};

class AdaloraStrategy final : public Strategy, private StrategyTraining {
 public:
  explicit AdaloraStrategy(AdaloraOptions options) {
    form_.options = std::move(options);
    chosen_ = {0.0f};
  }

  std::string_view kind() const override { return "adalora"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    const AdaloraOptions& options = form_.options;
    for (const LinearTarget& target : linear_targets(encoder, parameters, options.targets, options.layers, kind())) {
      const std::string name = "adalora." + target.module;
      const auto add = [&](const std::string& part, const at::Tensor& value) {
        return parameters.add({.name = name + part, .trainable = true}, value);
      };
      const std::int64_t rank = options.initial_rank;
      AdaloraSite site{target.module, target.site.weight};
      site.q = add(".Q", normal_values({rank, target.site.in}, 0.02, attachment.seed, name + ".Q"));
      site.e = add(".E", at::zeros({rank}, at::TensorOptions().dtype(at::kFloat)));
      site.p = add(".P", normal_values({target.site.out, rank}, 0.02, attachment.seed, name + ".P"));
      encoder.attach_linear(
          target.index, std::make_shared<AdaloraDelta>(site, form_.scale(),
                                                       DropoutSite("adalora." + target.site.name, options.dropout)));
      form_.sites.push_back(std::move(site));
      const auto elements = [](std::int64_t count) { return ElementImportance(static_cast<std::size_t>(count)); };
      importance_.push_back({elements(rank * target.site.in), elements(rank), elements(target.site.out * rank)});
    }
    kept_.assign(form_.sites.size() * static_cast<std::size_t>(options.initial_rank), 1.0f);
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& parameters) const override {
    for (const AdaloraSite& site : form_.sites) {
      at::Tensor& weight = parameters.value(site.weight);
      at::Tensor& e = parameters.value(site.e);
      const at::Tensor weighted = e.unsqueeze(1) * std::as_const(parameters).value(site.q);
      weight.copy_(at::addmm(weight, std::as_const(parameters).value(site.p), weighted, 1, form_.scale()));
      e.zero_();
    }
    return true;
  }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    AdaloraForm form = form_;
    if (chosen_[0] != 0) form.kept.assign(kept_.begin(), kept_.end());
    write_adalora_folder(folder, {encoder_folder.string(), base_sha256_, encoder.family()}, form, parameters);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    AdaloraForm form = form_;
    read_adalora_folder(folder, base_sha256_, form, parameters);
  }

  StrategyTraining* training() override { return this; }

 private:
  struct Part {
    const char* name;
    ParameterIndex parameter;
    ElementImportance* importance;
  };
  std::array<Part, 3> parts(std::size_t i) {
    const AdaloraSite& site = form_.sites[i];
    SiteImportance& importance = importance_[i];
    return {{{".Q", site.q, &importance.q}, {".E", site.e, &importance.e}, {".P", site.p, &importance.p}}};
  }

  bool peft_order() const { return form_.options.order == "peft"; }

  void begin(std::int64_t steps) override {
    const AdaloraOptions& options = form_.options;
    if (options.first_steps + options.final_steps >= steps) {
      throw ConfigError(
          fmt::format("strategy.adalora.first_steps + final_steps = {}", options.first_steps + options.final_steps),
          fmt::format("the run has {} steps: none is left to give triplets up in", steps),
          "lower them or lengthen the run");
    }
    form_.steps = steps;
    const auto maps = static_cast<std::int64_t>(form_.sites.size());
    schedule_ = {.initial = options.initial_rank * maps,
                 .target = options.rank * maps,
                 .first_steps = options.first_steps,
                 .final_steps = options.final_steps,
                 .every = options.every,
                 .steps = steps};
  }

  double after_reduction(std::int64_t step, const ParameterStore& parameters, const GradientOf& gradient) override {
    const double penalty = add_penalty(parameters, gradient);
    if (!peft_order()) observe(step, 1.0f, parameters, gradient);
    return penalty;
  }

  std::vector<ParameterIndex> after_update(std::int64_t step, float clip, ParameterStore& parameters,
                                           const GradientOf& gradient) override {
    if (peft_order()) observe(step, clip, parameters, gradient);
    if (schedule_.chooses(step)) choose(step);
    if (!schedule_.chooses(step) && step < schedule_.last_choice()) return {};
    std::vector<ParameterIndex> changed;
    const auto rank = static_cast<std::size_t>(form_.options.initial_rank);
    for (std::size_t site = 0; site < form_.sites.size(); ++site) {
      auto* e = parameters.value(form_.sites[site].e).mutable_data_ptr<float>();
      for (std::size_t i = 0; i < rank; ++i) {
        if (kept_[site * rank + i] == 0) e[i] = 0.0f;
      }
      changed.push_back(form_.sites[site].e);
    }
    return changed;
  }

  std::vector<StrategyState> state() override {
    const std::int64_t rank = form_.options.initial_rank;
    std::vector<StrategyState> states = {{"adalora.kept", {static_cast<std::int64_t>(form_.sites.size()), rank}, kept_},
                                         {"adalora.chosen", {1}, chosen_}};
    for (std::size_t i = 0; i < form_.sites.size(); ++i) {
      for (const Part& part : parts(i)) {
        const std::string name = form_.sites[i].module + part.name;
        const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(part.importance->size())};
        states.push_back({"adalora.sensitivity." + name, shape, part.importance->sensitivity()});
        states.push_back({"adalora.uncertainty." + name, shape, part.importance->uncertainty()});
      }
    }
    return states;
  }

  /// Once for the whole batch: the penalty depends on parameters alone.
  double add_penalty(const ParameterStore& parameters, const GradientOf& gradient) const {
    if (form_.options.orthogonality == 0) return 0;
    const PenaltyForm penalty = peft_order() ? PenaltyForm::norm : PenaltyForm::squared;
    const double weight =
        form_.options.orthogonality / (peft_order() ? 2.0 * static_cast<double>(form_.sites.size()) : 1.0);
    double sum = 0;
    for (const AdaloraSite& site : form_.sites) {
      sum += add_orthogonality(parameters.value(site.q), weight, penalty, gradient(site.q));
      sum += add_orthogonality(parameters.value(site.p).t(), weight, penalty, gradient(site.p));
    }
    return sum;
  }

  void observe(std::int64_t step, float gradient_scale, const ParameterStore& parameters, const GradientOf& gradient) {
    if (step >= schedule_.last_choice()) return;
    for (std::size_t i = 0; i < form_.sites.size(); ++i) {
      for (const Part& part : parts(i)) {
        const at::Tensor& value = parameters.value(part.parameter);
        part.importance->update({value.const_data_ptr<float>(), part.importance->size()}, gradient(part.parameter),
                                gradient_scale, form_.options.beta1, form_.options.beta2);
      }
    }
  }

  void choose(std::int64_t step) {
    std::vector<double> scores;
    for (const SiteImportance& site : importance_) {
      const std::vector<double> own =
          triplet_scores(site.q, site.e, site.p, static_cast<std::size_t>(form_.options.initial_rank));
      scores.insert(scores.end(), own.begin(), own.end());
    }
    const std::vector<char> kept = highest(scores, schedule_.budget(step));
    std::ranges::transform(kept, kept_.begin(), [](char one) { return one != 0 ? 1.0f : 0.0f; });
    if (step == schedule_.last_choice()) chosen_[0] = 1;
  }

  AdaloraForm form_;
  RankSchedule schedule_;
  std::vector<SiteImportance> importance_;  // by site
  std::vector<float> kept_;                 // [sites * initial rank], 0 or 1
  std::vector<float> chosen_;               // [1], 1 once the last choice is made
  std::string base_sha256_;
};

}  // namespace

StrategyEntry adalora_strategy() {
  return {"adalora",
          "low-rank updates that keep the ranks worth most (AdaLoRA, arXiv 2303.10512)",
          [] { return std::make_unique<AdaloraOptions>(); },
          [](const Options& options) {
            return std::make_unique<AdaloraStrategy>(dynamic_cast<const AdaloraOptions&>(options));
          },
          true,
          "PEFT folder"};
}

}  // namespace coldframe
