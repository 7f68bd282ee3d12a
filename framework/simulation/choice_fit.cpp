#include "framework/simulation/choice_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/detail/choice_family.h"
#include "framework/simulation/detail/choice_log.h"
#include "framework/simulation/detail/newton.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

template <class Family>
class Fitter {
 public:
  static constexpr std::size_t N = Family::k_parameters.size();
  using Number = detail::Jet<N>;

  Fitter(std::string_view model, std::span<const ObservedPage> log, const ChoiceFitOptions& options)
      : model_(model), log_(log), options_(options) {
    for (std::size_t i = 0; i < N; ++i) {
      if (!options.known.contains(std::string(Family::k_parameters[i].name))) free_.push_back(i);
    }
    if (free_.size() + options.known.size() == N) return;
    throw ConfigError(fmt::format("known parameters of user model {}", model), "one of them is not a parameter of it");
  }

  ChoiceFit fit() {
    const detail::LogShape shape = detail::check_log(model_, log_);
    for (const std::size_t i : free_) {
      if (Family::k_parameters[i].positions == detail::Positions::any || shape.longest > 1) continue;
      detail::refuse_log(model_, fmt::format("its pages have one position, which says nothing about {}", name(i)),
                         fmt::format("give longer pages, or {} as known", name(i)));
    }
    x_[0] = 1.0;
    x_[1] = shape.no_click();
    check_possible();
    std::vector<double> free(free_.size());
    for (std::size_t f = 0; f < free_.size(); ++f) free[f] = x_[free_[f]];
    const detail::NewtonResult top =
        detail::maximise_newton([&](std::span<const double> at) { return evaluate(at); }, free);
    place(free);
    check_top(top);
    return report(top);
  }

 private:
  static std::string_view name(std::size_t i) { return Family::k_parameters[i].name; }

  void place(std::span<const double> free) {
    for (std::size_t f = 0; f < free_.size(); ++f) x_[free_[f]] = free[f];
  }

  std::array<Number, N> parameters() const {
    std::array<Number, N> x;
    for (std::size_t i = 0; i < N; ++i) x[i] = Number::variable(x_[i], i);
    return detail::natural_parameters<Family>(x, options_.known);
  }

  detail::CurvedValue evaluate(std::span<const double> free) {
    place(free);
    const std::array<Number, N> p = parameters();
    Number sum;
    for (const ObservedPage& page : log_) sum += Family::log_likelihood(p, page, options_);
    detail::CurvedValue out{sum.value, {}, {}};
    for (const std::size_t i : free_) {
      out.gradient.push_back(sum.slope[i]);
      for (const std::size_t j : free_) {
        const std::size_t high = std::max(i, j), low = std::min(i, j);
        out.hessian.push_back(sum.curvature[high * (high + 1) / 2 + low]);
      }
    }
    return out;
  }

  /// A page that cannot happen, whatever the parameters are, would make every likelihood 0.
  void check_possible() const {
    const auto p = detail::natural_parameters<Family>(x_, options_.known);
    for (std::size_t at = 0; at < log_.size(); ++at) {
      if (std::isfinite(Family::log_likelihood(p, log_[at], options_))) continue;
      detail::refuse_page(model_, at, log_[at]);
    }
  }

  void check_top(const detail::NewtonResult& top) const {
    std::vector<detail::FreeNumber> numbers;
    for (const std::size_t i : free_) {
      numbers.push_back({name(i), x_[i], Family::k_parameters[i].link != detail::Link::real});
    }
    detail::require_identified(model_, numbers, top, log_.size());
  }

  ChoiceFit report(const detail::NewtonResult& top) const {
    ChoiceFit fit{std::string(model_), {}, top.top.value, log_.size()};
    const std::array<Number, N> natural = parameters();
    const std::size_t n = free_.size();
    for (std::size_t i = 0; i < N; ++i) {
      double variance = 0;  // delta method
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b < n; ++b) {
          variance += natural[i].slope[free_[a]] * natural[i].slope[free_[b]] * top.covariance[a * n + b];
        }
      }
      fit.parameters.push_back({std::string(name(i)), natural[i].value, std::sqrt(variance)});
    }
    return fit;
  }

  std::string_view model_;
  std::span<const ObservedPage> log_;
  const ChoiceFitOptions& options_;
  std::vector<std::size_t> free_;
  std::array<double, N> x_{};
};

}  // namespace

const FittedParameter& ChoiceFit::parameter(std::string_view name) const {
  for (const FittedParameter& fitted : parameters) {
    if (fitted.name == name) return fitted;
  }
  throw DataError(fmt::format("parameter {}", name), fmt::format("user model {} has none of that name", user_model));
}

void ChoiceFit::apply_to(SimulationOptions& options) const {
  options.user_model = user_model;
  const std::map<std::string_view, double*> places = {{"pbm_decay", &options.pbm_decay},
                                                      {"dcm_continue", &options.dcm_continue},
                                                      {"dcm_decay", &options.dcm_decay},
                                                      {"dbn_continue", &options.dbn_continue},
                                                      {"dbn_satisfaction", &options.dbn_satisfaction},
                                                      {"dbn_satisfaction_gain", &options.dbn_satisfaction_gain}};
  for (const FittedParameter& fitted : parameters) {
    const auto place = places.find(fitted.name);
    if (place != places.end()) *place->second = fitted.value;
  }
}

ChoiceFit fit_choices(std::string_view user_model, std::span<const ObservedPage> log, const ChoiceFitOptions& options) {
  using namespace detail;
  if (user_model == "mnl") return Fitter<LogitFamily>(user_model, log, options).fit();
  if (user_model == "iterated_logit") return Fitter<IteratedFamily>(user_model, log, options).fit();
  if (user_model == "pbm") return Fitter<PositionFamily>(user_model, log, options).fit();
  if (user_model == "cascade") return Fitter<CascadeFamily>(user_model, log, options).fit();
  if (user_model == "dcm") return Fitter<DependentClickFamily>(user_model, log, options).fit();
  if (user_model == "dbn") return Fitter<DynamicBayesianFamily>(user_model, log, options).fit();
  throw unknown_user_model(user_model);
}

}  // namespace coldframe
