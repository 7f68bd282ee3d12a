#include "framework/simulation/choice_law.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/detail/choice_log.h"

namespace coldframe {
namespace {

constexpr double k_step = 1e-3;  // of central differences, in free numbers

double logit(double share) { return std::log(share / (1.0 - share)); }
double share_of(double logit) { return 1.0 / (1.0 + std::exp(-logit)); }

class LawFitter {
 public:
  LawFitter(const ChoiceLaw& law, std::span<const ObservedPage> log, const std::map<std::string, double>& known)
      : law_(law), log_(log) {
    const detail::LogShape shape = detail::check_log(law.name, log);
    all_ = {{"scale", ParameterRange::real, 1.0}, {"no_click", ParameterRange::real, shape.no_click()}};
    all_.insert(all_.end(), law.parameters.begin(), law.parameters.end());
    std::size_t used = 0;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const auto given = known.find(all_[i].name);
      if (given != known.end()) {
        all_[i].start = given->second;
        ++used;
      } else {
        free_.push_back(i);
      }
      check_range(all_[i]);
    }
    if (used == known.size()) return;
    throw ConfigError(fmt::format("known parameters of user model {}", law.name), "one of them is no parameter of it");
  }

  ChoiceFit fit() {
    std::vector<double> x;
    for (const std::size_t i : free_) x.push_back(share(i) ? logit(all_[i].start) : all_[i].start);
    check_possible(x);
    const detail::NewtonResult top =
        detail::maximise_newton([&](std::span<const double> at) { return evaluate(at); }, x);
    std::vector<detail::FreeNumber> numbers;
    for (std::size_t f = 0; f < free_.size(); ++f) numbers.push_back({all_[free_[f]].name, x[f], share(free_[f])});
    detail::require_identified(law_.name, numbers, top, log_.size());
    return report(x, top);
  }

 private:
  bool share(std::size_t i) const { return all_[i].range == ParameterRange::share; }

  void check_range(const ChoiceParameter& parameter) const {
    const double value = parameter.start;
    const bool inside = parameter.range == ParameterRange::real ? std::isfinite(value) : value > 0 && value < 1;
    if (inside) return;
    throw ConfigError(fmt::format("{} of user model {} = {}", parameter.name, law_.name, value),
                      "it is outside its range", "begin inside");
  }

  std::vector<double> natural(std::span<const double> x) const {
    std::vector<double> values;
    for (const ChoiceParameter& parameter : all_) values.push_back(parameter.start);
    for (std::size_t f = 0; f < free_.size(); ++f) values[free_[f]] = share(free_[f]) ? share_of(x[f]) : x[f];
    return values;
  }

  std::unique_ptr<UserModel> model(std::span<const double> x) const {
    const std::vector<double> values = natural(x);
    return law_.make({values[0], values[1]}, std::span(values).subspan(2));
  }

  double log_likelihood(std::span<const double> x) const {
    const std::unique_ptr<UserModel> at = model(x);
    double sum = 0;
    for (const ObservedPage& page : log_) sum += at->log_likelihood(page.utilities, page.clicks);
    return sum;
  }

  void check_possible(std::span<const double> x) const {
    const std::unique_ptr<UserModel> at = model(x);
    for (std::size_t p = 0; p < log_.size(); ++p) {
      if (!std::isfinite(at->log_likelihood(log_[p].utilities, log_[p].clicks))) {
        detail::refuse_page(law_.name, p, log_[p]);
      }
    }
  }

  detail::CurvedValue evaluate(std::span<const double> x) const {
    const std::size_t n = x.size();
    const auto moved = [&](std::size_t i, double a, std::size_t j, double b) {
      std::vector<double> there(x.begin(), x.end());
      there[i] += a * k_step;
      there[j] += b * k_step;
      return log_likelihood(there);
    };
    detail::CurvedValue at{log_likelihood(x), std::vector<double>(n), std::vector<double>(n * n)};
    for (std::size_t i = 0; i < n; ++i) {
      const double above = moved(i, 1, i, 0), below = moved(i, -1, i, 0);
      at.gradient[i] = (above - below) / (2 * k_step);
      at.hessian[i * n + i] = (above - 2 * at.value + below) / (k_step * k_step);
      for (std::size_t j = 0; j < i; ++j) {
        const double mixed =
            (moved(i, 1, j, 1) - moved(i, 1, j, -1) - moved(i, -1, j, 1) + moved(i, -1, j, -1)) / (4 * k_step * k_step);
        at.hessian[i * n + j] = at.hessian[j * n + i] = mixed;
      }
    }
    return at;
  }

  ChoiceFit report(std::span<const double> x, const detail::NewtonResult& top) const {
    ChoiceFit fit{law_.name, {}, top.top.value, log_.size()};
    const std::vector<double> values = natural(x);
    for (std::size_t i = 0; i < all_.size(); ++i) fit.parameters.push_back({all_[i].name, values[i], 0});
    for (std::size_t f = 0; f < free_.size(); ++f) {
      FittedParameter& fitted = fit.parameters[free_[f]];
      const double slope = share(free_[f]) ? fitted.value * (1.0 - fitted.value) : 1.0;  // delta method
      fitted.standard_error = slope * std::sqrt(top.covariance[f * free_.size() + f]);
    }
    return fit;
  }

  const ChoiceLaw& law_;
  std::span<const ObservedPage> log_;
  std::vector<ChoiceParameter> all_;  // scale and no_click first; known ones start, and stay, at their value
  std::vector<std::size_t> free_;
};

}  // namespace

ChoiceFit fit_choices(const ChoiceLaw& law, std::span<const ObservedPage> log,
                      const std::map<std::string, double>& known) {
  return LawFitter(law, log, known).fit();
}

}  // namespace coldframe
