#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/detail/factor_panels.h"
#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/softmax_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_draw_panel = 256;  // draws whose running sums stay in the first cache

class SoftmaxTaste final : public TasteModel {
 public:
  SoftmaxTaste(const SoftmaxParameters& p, double lambda)
      : items_(p.items),
        groups_(p.groups),
        dimension_(p.dimension),
        attribute_size_(p.attribute_size),
        effect_(p.dimension * p.attribute_size),
        bias_(p.groups * p.items),
        factors_(p.item_factors, p.items, p.dimension) {
    for (std::size_t l = 0; l < dimension_; ++l) {
      for (std::size_t k = 0; k < attribute_size_; ++k) {
        effect_[k * dimension_ + l] = p.attribute_effect[l * attribute_size_ + k];
      }
    }
    for (std::size_t g = 0; g < groups_; ++g) {
      for (std::size_t i = 0; i < items_; ++i) {
        bias_[g * items_ + i] = lambda * p.item_bias[i] + p.group_bias[g * items_ + i];
      }
    }
  }

  std::string_view kind() const override { return "softmax"; }
  std::size_t item_count() const override { return items_; }
  std::size_t latent_size() const override { return dimension_; }

  void place(std::span<const double> x, std::span<const double> normals, std::span<double> state) const override {
    means(x, state);
    for (std::size_t l = 0; l < dimension_; ++l) state[l] += normals[l];
  }

  void utilities(std::uint32_t group, std::span<const double> state, std::span<double> out) const override {
    const double* bias = bias_.data() + group * items_;
    double* const own = out.data();
    factors_.log_lifts(state.first(dimension_), {&bias, 1}, {&own, 1});
  }

  void utilities_of(std::span<const std::uint32_t> groups, std::span<const double> states,
                    std::span<double* const> out) const override {
    std::vector<const double*> biases;
    for (const std::uint32_t group : groups) biases.push_back(bias_.data() + group * items_);
    factors_.log_lifts(states, biases, out);
  }

  TasteDraws place_many(std::uint32_t group, std::span<const double> x, std::span<const float> normals,
                        std::size_t count) const override {
    TasteDraws draws{count, group, std::vector<float>(normals.begin(), normals.end()), std::vector<float>(count), {}};
    std::vector<double> mean(dimension_);
    means(x, mean);
    for (std::size_t l = 0; l < dimension_; ++l) {
      const auto shift = static_cast<float>(mean[l]);
      for (std::size_t m = 0; m < count; ++m) draws.latent[l * count + m] += shift;
    }
    add_offsets(draws);
    return draws;
  }

  /// The tastes an item stands for: the state in the direction of its factors that is as long as states are on average
  /// around their mean, sqrt(L) q_i / |q_i|. An item without factors moves nobody.
  void drift(std::span<double> state, ItemId item, double rate) const override {
    const double norm = factor_norm(item.value());
    for (std::size_t l = 0; norm > 0 && l < dimension_; ++l) state[l] += rate * (target(item, l, norm) - state[l]);
  }

  void drift_many(TasteDraws& draws, ItemId item, double rate) const override {
    const double norm = factor_norm(item.value());
    if (norm == 0) return;
    const auto share = static_cast<float>(rate);
    for (std::size_t l = 0; l < dimension_; ++l) {
      const auto wanted = static_cast<float>(target(item, l, norm));
      float* latent = draws.latent.data() + l * draws.count;
      for (std::size_t m = 0; m < draws.count; ++m) latent[m] += share * (wanted - latent[m]);
    }
    add_offsets(draws);
  }

  /// max(0, cosine) of the factors, which no rotation of the latent space changes.
  void likeness(ItemId item, std::span<double> out) const override {
    const double norm = factor_norm(item.value());
    for (std::size_t j = 0; j < items_; ++j) {
      double inner = 0;
      for (std::size_t l = 0; l < dimension_; ++l) inner += factors_.at(l, item.value()) * factors_.at(l, j);
      const double scale = norm * factor_norm(j);
      out[j] = j == item.value() ? 1.0 : scale > 0 ? std::clamp(inner / scale, 0.0, 1.0) : 0.0;
    }
  }

  void item_utilities(const TasteDraws& draws, ItemId item, std::span<float> out) const override {
    const auto bias = static_cast<float>(bias_[draws.group * items_ + item.value()]);
    for (std::size_t m = 0; m < draws.count; ++m) out[m] = bias + draws.offsets[m];
    for (std::size_t l = 0; l < dimension_; ++l) {
      const auto factor = static_cast<float>(factors_.at(l, item.value()));
      const float* latent = draws.latent.data() + l * draws.count;
      for (std::size_t m = 0; m < draws.count; ++m) out[m] += factor * latent[m];
    }
  }

 private:
  /// Of the state [L], given the attributes x [P].
  void means(std::span<const double> x, std::span<double> out) const {
    std::fill_n(out.begin(), dimension_, 0.0);
    for (std::size_t p = 0; p < attribute_size_; ++p) {
      const double* effect = effect_.data() + p * dimension_;
      for (std::size_t l = 0; l < dimension_; ++l) out[l] += effect[l] * x[p];
    }
  }

  double factor_norm(std::size_t item) const {
    double squares = 0;
    for (std::size_t l = 0; l < dimension_; ++l) squares += factors_.at(l, item) * factors_.at(l, item);
    return std::sqrt(squares);
  }

  double target(ItemId item, std::size_t l, double norm) const {
    return std::sqrt(static_cast<double>(dimension_)) * factors_.at(l, item.value()) / norm;
  }

  void add_offsets(TasteDraws& draws) const {
    const double* bias = bias_.data() + draws.group * items_;
    const double largest = *std::max_element(bias, bias + items_);
    for (std::size_t from = 0; from < draws.count; from += k_draw_panel) {
      add_offsets(draws, from, std::min(k_draw_panel, draws.count - from), largest);
    }
  }

  void add_offsets(TasteDraws& draws, std::size_t from, std::size_t count, double largest) const {
    float logits[k_draw_panel];
    float totals[k_draw_panel] = {};
    for (std::size_t i = 0; i < items_; ++i) {
      const auto bias = static_cast<float>(bias_[draws.group * items_ + i] - largest);
      for (std::size_t m = 0; m < count; ++m) logits[m] = bias;
      for (std::size_t l = 0; l < dimension_; ++l) {
        const auto factor = static_cast<float>(factors_.at(l, i));
        const float* latent = draws.latent.data() + l * draws.count + from;
        for (std::size_t m = 0; m < count; ++m) logits[m] += factor * latent[m];
      }
      for (std::size_t m = 0; m < count; ++m) totals[m] += detail::fast_exp(logits[m]);
    }
    const auto shift = static_cast<float>(std::log(static_cast<double>(items_)) - largest);
    for (std::size_t m = 0; m < count; ++m) draws.offsets[from + m] = shift - detail::fast_log(totals[m]);
  }

  std::size_t items_, groups_, dimension_, attribute_size_;
  std::vector<double> effect_;  // [P, L]
  std::vector<double> bias_;    // [G, I] lambda b + b_g
  detail::FactorPanels factors_;
};

}  // namespace

std::unique_ptr<TasteModel> make_softmax_taste(const SoftmaxParameters& parameters, double lambda) {
  return std::make_unique<SoftmaxTaste>(parameters, lambda);
}

}  // namespace coldframe
