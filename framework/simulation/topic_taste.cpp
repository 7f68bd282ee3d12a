#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/topic_world.h"

namespace coldframe {
namespace {

class TopicTaste final : public TasteModel {
 public:
  TopicTaste(const TopicParameters& p, double lambda)
      : items_(p.items),
        topics_(p.topics),
        attribute_size_(p.attribute_size),
        mean_(p.mean),
        effect_(p.attribute_effect),
        spread_(p.spread),
        lift_(p.topic_items) {
    // lift_ti = I phi_ti after popularity was scaled by lambda: 1 for an item of average appeal.
    for (std::size_t t = 0; t < topics_; ++t) {
      double total = 0;
      for (std::size_t i = 0; i < items_; ++i) {
        double& value = lift_[t * items_ + i];
        value *= std::pow(p.item_share[i], lambda - 1.0);
        total += value;
      }
      for (std::size_t i = 0; i < items_; ++i) lift_[t * items_ + i] *= static_cast<double>(items_) / total;
    }
  }

  std::string_view kind() const override { return "topics"; }
  std::size_t item_count() const override { return items_; }
  std::size_t latent_size() const override { return topics_; }

  void place(std::span<const double> x, std::span<const double> normals, std::span<double> state) const override {
    for (std::size_t t = 0; t < topics_; ++t) {
      state[t] = center(x, t);
      for (std::size_t k = 0; k <= t; ++k) state[t] += spread_[t * topics_ + k] * normals[k];
    }
    const double largest = *std::max_element(state.begin(), state.end());
    double total = 0;
    for (double& share : state) total += share = std::exp(share - largest);
    for (double& share : state) share /= total;
  }

  void utilities(std::uint32_t, std::span<const double> state, std::span<double> out) const override {
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t t = 0; t < topics_; ++t) {
      const double* lift = lift_.data() + t * items_;
      for (std::size_t i = 0; i < items_; ++i) out[i] += state[t] * lift[i];
    }
    for (double& utility : out) utility = std::log(utility);
  }

  TasteDraws place_many(std::uint32_t group, std::span<const double> x, std::span<const float> normals,
                        std::size_t count) const override {
    TasteDraws draws{count, group, std::vector<float>(topics_ * count), {}, {}};
    std::vector<float> totals(count, 0.0f);
    for (std::size_t t = 0; t < topics_; ++t) {
      float* row = draws.latent.data() + t * count;
      std::fill(row, row + count, static_cast<float>(center(x, t)));
      for (std::size_t k = 0; k <= t; ++k) {
        const auto scale = static_cast<float>(spread_[t * topics_ + k]);
        for (std::size_t m = 0; m < count; ++m) row[m] += scale * normals[k * count + m];
      }
      for (std::size_t m = 0; m < count; ++m) totals[m] += row[m] = detail::fast_exp(row[m]);
    }
    for (std::size_t t = 0; t < topics_; ++t) {
      for (std::size_t m = 0; m < count; ++m) draws.latent[t * count + m] /= totals[m];
    }
    return draws;
  }

  /// The tastes an item stands for: the topics for which this user likes it, theta_t lift_ti / sum.
  void drift(std::span<double> state, ItemId item, double rate) const override {
    double total = 0;
    for (std::size_t t = 0; t < topics_; ++t) total += state[t] * lift_[t * items_ + item.value()];
    for (std::size_t t = 0; t < topics_; ++t) {
      state[t] += rate * (state[t] * lift_[t * items_ + item.value()] / total - state[t]);
    }
  }

  void drift_many(TasteDraws& draws, ItemId item, double rate) const override {
    std::vector<float> totals(draws.count, 0.0f);
    const auto share = static_cast<float>(rate);
    for (const bool moving : {false, true}) {
      for (std::size_t t = 0; t < topics_; ++t) {
        const auto lift = static_cast<float>(lift_[t * items_ + item.value()]);
        float* shares = draws.latent.data() + t * draws.count;
        for (std::size_t m = 0; m < draws.count; ++m) {
          if (moving) {
            shares[m] += share * (shares[m] * lift / totals[m] - shares[m]);
          } else {
            totals[m] += shares[m] * lift;
          }
        }
      }
    }
  }

  /// Cosine of the items' lifts over topics.
  void likeness(ItemId item, std::span<double> out) const override {
    for (std::size_t j = 0; j < items_; ++j) {
      double inner = 0, own = 0, other = 0;
      for (std::size_t t = 0; t < topics_; ++t) {
        const double a = lift_[t * items_ + item.value()], b = lift_[t * items_ + j];
        inner += a * b;
        own += a * a;
        other += b * b;
      }
      out[j] = j == item.value() ? 1.0 : std::min(1.0, inner / std::sqrt(own * other));
    }
  }

  void item_utilities(const TasteDraws& draws, ItemId item, std::span<float> out) const override {
    std::fill(out.begin(), out.end(), 0.0f);
    for (std::size_t t = 0; t < topics_; ++t) {
      const auto lift = static_cast<float>(lift_[t * items_ + item.value()]);
      const float* share = draws.latent.data() + t * draws.count;
      for (std::size_t m = 0; m < draws.count; ++m) out[m] += lift * share[m];
    }
    for (std::size_t m = 0; m < draws.count; ++m) out[m] = detail::fast_log(out[m]);
  }

 private:
  double center(std::span<const double> x, std::size_t t) const {
    double sum = mean_[t];
    for (std::size_t p = 0; p < attribute_size_; ++p) sum += effect_[t * attribute_size_ + p] * x[p];
    return sum;
  }

  std::size_t items_, topics_, attribute_size_;
  std::vector<double> mean_, effect_, spread_, lift_;
};

}  // namespace

std::unique_ptr<TasteModel> make_topic_taste(const TopicParameters& parameters, double lambda) {
  return std::make_unique<TopicTaste>(parameters, lambda);
}

}  // namespace coldframe
