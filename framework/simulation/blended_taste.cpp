#include "framework/simulation/blended_taste.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "framework/core/error.h"
#include "framework/simulation/detail/fast_math.h"

namespace coldframe {
namespace {

double below(double normal) { return 0.5 * std::erfc(-normal / std::numbers::sqrt2); }

class BlendedTaste final : public TasteModel {
 public:
  BlendedTaste(const TasteModel& first, const TasteModel& second, double weight, Blend blend)
      : first_(first),
        second_(second),
        weight_(weight),
        blend_(blend),
        luck_(std::max(first.latent_size(), second.latent_size())) {}

  std::string_view kind() const override { return "blend"; }
  std::size_t item_count() const override { return first_.item_count(); }
  std::size_t latent_size() const override { return first_.latent_size() + second_.latent_size() + 1; }

  void place(std::span<const double> x, std::span<const double> normals, std::span<double> state) const override {
    first_.place(x, normals.first(first_.latent_size()), first_part(state));
    second_.place(x, normals.first(second_.latent_size()), second_part(state));
    state.back() = below(normals[luck_]) < weight_ ? 1 : 0;
  }

  void utilities(std::uint32_t group, std::span<const double> state, std::span<double> out) const override {
    if (blend_ == Blend::choose) {
      if (state.back() > 0) {
        second_.utilities(group, second_part(state), out);
      } else {
        first_.utilities(group, first_part(state), out);
      }
      return;
    }
    std::vector<double> other(out.size());
    first_.utilities(group, first_part(state), out);
    second_.utilities(group, second_part(state), other);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = std::log((1 - weight_) * std::exp(out[i]) + weight_ * std::exp(other[i]));
    }
  }

  TasteDraws place_many(std::uint32_t group, std::span<const double> x, std::span<const float> normals,
                        std::size_t count) const override {
    TasteDraws draws{count, group, std::vector<float>(count), {}, {}};
    draws.parts.push_back(first_.place_many(group, x, normals.first(first_.latent_size() * count), count));
    draws.parts.push_back(second_.place_many(group, x, normals.first(second_.latent_size() * count), count));
    for (std::size_t m = 0; m < count; ++m) {
      draws.latent[m] = below(static_cast<double>(normals[luck_ * count + m])) < weight_ ? 1.0f : 0.0f;
    }
    return draws;
  }

  void drift(std::span<double> state, ItemId item, double rate) const override {
    first_.drift(first_part(state), item, rate);
    second_.drift(second_part(state), item, rate);
  }

  void drift_many(TasteDraws& draws, ItemId item, double rate) const override {
    first_.drift_many(draws.parts[0], item, rate);
    second_.drift_many(draws.parts[1], item, rate);
  }

  void likeness(ItemId item, std::span<double> out) const override {
    std::vector<double> other(out.size());
    first_.likeness(item, out);
    second_.likeness(item, other);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += weight_ * (other[i] - out[i]);
  }

  void item_utilities(const TasteDraws& draws, ItemId item, std::span<float> out) const override {
    std::vector<float> other(draws.count);
    first_.item_utilities(draws.parts[0], item, out);
    second_.item_utilities(draws.parts[1], item, other);
    const auto weight = static_cast<float>(weight_);
    for (std::size_t m = 0; m < draws.count; ++m) {
      if (blend_ == Blend::choose) {
        if (draws.latent[m] > 0) out[m] = other[m];
      } else {
        out[m] = detail::fast_log((1 - weight) * detail::fast_exp(out[m]) + weight * detail::fast_exp(other[m]));
      }
    }
  }

 private:
  template <class Number>
  std::span<Number> first_part(std::span<Number> state) const {
    return state.first(first_.latent_size());
  }
  template <class Number>
  std::span<Number> second_part(std::span<Number> state) const {
    return state.subspan(first_.latent_size(), second_.latent_size());
  }

  const TasteModel& first_;
  const TasteModel& second_;
  double weight_;
  Blend blend_;
  std::size_t luck_;  // place of the normal that chooses
};

}  // namespace

std::unique_ptr<TasteModel> make_blended_taste(const TasteModel& first, const TasteModel& second, double weight,
                                               Blend blend) {
  CF_EXPECTS(first.item_count() == second.item_count() && weight >= 0 && weight <= 1);
  return std::make_unique<BlendedTaste>(first, second, weight, blend);
}

}  // namespace coldframe
