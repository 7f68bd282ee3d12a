// A program of one's own: everything that `coldframe` does, with a strategy, an objective and a user model from outside
// the repository.
//   own_strategy train --strategy.use=biases --objective.use=margin ...
//   own_strategy simulate --simulation.user_model=hurried_reader ...
//   own_strategy check-gradient
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string_view>

#include "../own_user_model/hurried_reader.h"
#include "framework/cli/program.h"
#include "framework/model/own_weights_strategy.h"
#include "framework/simulation/user_model_registry.h"
#include "framework/training/objective.h"

namespace {

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

/// `[strategy.biases]`: nothing to set.
struct BiasOptions final : Options {
  void describe(OptionVisitor&) override {}
};

/// Trains nothing but the biases. What is trained is saved under the names of the checkpoint.
std::unique_ptr<Strategy> make_biases() {
  return make_own_weights_strategy("biases", [](const Encoder& encoder, const ParameterStore& parameters) {
    std::vector<ParameterIndex> biases;
    for (const ParameterIndex index : encoder.parameters()) {
      if (parameters.info(index).name.ends_with(".bias")) biases.push_back(index);
    }
    return biases;
  });
}

/// `[objective.margin]`
struct MarginOptions final : Options {
  double margin = 0.3;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "margin", .doc = "distance in cosine", .minimum = 0, .maximum = 2}, margin);
  }
};

/// loss_i = mean over candidates j that user i is not known to like of max(0, margin - u_i . v_i + u_i . v_j)
class MarginObjective final : public Objective {
 public:
  explicit MarginObjective(const MarginOptions& options) : margin_(static_cast<float>(options.margin)) {}
  std::string_view kind() const override { return "margin"; }
  CandidateRule candidate_rule() const override { return CandidateRule::distinct_items; }
  void attach(ParameterStore&) override {}
  const std::vector<ParameterIndex>& parameters() const override { return none_; }
  ScoreRule score_rule(const ParameterStore&) const override { return {.scale = 1}; }

  LossShare share(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                  const ParameterStore&) const override {
    LossShare share{0, at::zeros_like(embeddings), {}, {}};
    for (std::size_t anchor = begin; anchor < end; ++anchor) {
      share.losses.push_back(add_anchor(batch, anchor, embeddings, share.embedding_gradient));
      share.loss += batch.weight(anchor) * share.losses.back();
    }
    return share;
  }

 private:
  double add_anchor(const LossBatch& batch, std::size_t anchor, const at::Tensor& embeddings,
                    at::Tensor& gradient) const {
    const auto width = static_cast<std::size_t>(embeddings.size(1));
    const auto row = [&](std::size_t r) { return embeddings.const_data_ptr<float>() + r * width; };
    const auto score = [&](std::size_t candidate) {
      const float *user = row(batch.anchor_rows[anchor]), *item = row(batch.candidate_rows[candidate]);
      float sum = 0;
      for (std::size_t d = 0; d < width; ++d) sum += user[d] * item[d];
      return sum;
    };
    const std::size_t liked = batch.positives[anchor];
    const float liked_score = score(liked);
    std::vector<std::size_t> close;  // candidates within the margin
    double excess = 0;
    std::size_t strangers = 0;
    for (std::size_t candidate = 0; candidate < batch.candidate_rows.size(); ++candidate) {
      const std::vector<std::size_t>& known = batch.known[anchor];
      if (candidate == liked || std::ranges::find(known, candidate) != known.end()) continue;
      ++strangers;
      const float missing = margin_ - liked_score + score(candidate);
      if (missing <= 0) continue;
      excess += missing;
      close.push_back(candidate);
    }
    if (strangers == 0) return 0;
    const auto pull = static_cast<float>(batch.weight(anchor) / static_cast<double>(strangers));
    for (const std::size_t candidate : close) {
      const std::size_t user = batch.anchor_rows[anchor];
      add(gradient, user, -pull, row(batch.candidate_rows[liked]), width);
      add(gradient, batch.candidate_rows[liked], -pull, row(user), width);
      add(gradient, user, pull, row(batch.candidate_rows[candidate]), width);
      add(gradient, batch.candidate_rows[candidate], pull, row(user), width);
    }
    return excess / static_cast<double>(strangers);
  }

  static void add(at::Tensor& gradient, std::size_t row, float factor, const float* values, std::size_t width) {
    float* to = gradient.mutable_data_ptr<float>() + row * width;
    for (std::size_t d = 0; d < width; ++d) to[d] += factor * values[d];
  }

  float margin_;
  std::vector<ParameterIndex> none_;
};

/// Two users, four items: the gradient against central differences. The loss is linear in any one number, but for
/// kinks.
int check_gradient() {
  const LossBatch batch{.anchor_rows = {0, 1},
                        .candidate_rows = {2, 3, 4, 5},
                        .candidate_items = {ItemId(0), ItemId(1), ItemId(2), ItemId(3)},
                        .positives = {0, 1},
                        .known = {{1}, {}}};
  at::Tensor embeddings = at::zeros({6, 3});
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  float* values = embeddings.mutable_data_ptr<float>();
  for (int i = 0; i < 18; ++i) values[i] = 0.5f * normal(random);
  const MarginObjective objective(MarginOptions{});
  const ParameterStore parameters;
  const at::Tensor gradient = objective.share(batch, embeddings, 0, 2, parameters).embedding_gradient;
  double worst = 0, largest = 0;
  for (int i = 0; i < 18; ++i) {
    constexpr float k_step = 1e-3f;
    const float at = values[i];
    values[i] = at + k_step;
    const double above = objective.share(batch, embeddings, 0, 2, parameters).loss;
    values[i] = at - k_step;
    const double below = objective.share(batch, embeddings, 0, 2, parameters).loss;
    values[i] = at;
    const double analytic = gradient.const_data_ptr<float>()[i];
    worst = std::max(worst, std::abs((above - below) / (2 * k_step) - analytic));
    largest = std::max(largest, std::abs(analytic));
  }
  std::printf("gradient up to %.2f, off by at most %.4f\n", largest, worst);
  return worst < 1e-3 && largest > 0.1 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "check-gradient") return check_gradient();
  return run_program(
      argc, argv, "own_strategy 1.0",
      {.strategies =
           [](StrategyRegistry& registry) {
             registry.add({.kind = "biases",
                           .summary = "the biases of the encoder",
                           .make_options = [] { return std::make_unique<BiasOptions>(); },
                           .make = [](const Options&) { return make_biases(); },
                           .merges = true,
                           .saved_as = "changed weights"});
           },
       .objectives =
           [](ObjectiveRegistry& registry) {
             registry.add({"margin", "liked items ahead of others by a margin",
                           [] { return std::make_unique<MarginOptions>(); },
                           [](const Options& options) {
                             return std::make_unique<MarginObjective>(dynamic_cast<const MarginOptions&>(options));
                           }});
           },
       .user_models =
           [](UserModelRegistry& registry) {
             registry.add({"hurried_reader", "half of the visits end at the first click",
                           [](const SimulationOptions&, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
                             return std::make_unique<HurriedReader>(scale, 0.5);
                           }});
           }});
}
