#include "framework/simulation/answer_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr std::size_t k_kinds = 3;
constexpr auto k_unknown = static_cast<std::size_t>(AnswerKind::unknown);

void check(std::span<const AnswerSheet> people, std::size_t items, const AnswerClassOptions& options) {
  if (people.empty() || items == 0) {
    throw DataError(fmt::format("classes of {} people and {} items", people.size(), items),
                    "there is nobody to learn from", "use another fold");
  }
  if (options.classes == 0 || options.starts == 0 || !(options.pseudo_people > 0)) {
    throw ConfigError(fmt::format("{} classes of people, {} starts, {} pseudo-people", options.classes, options.starts,
                                  options.pseudo_people),
                      "all have to be above 0", "try 8, 4 and 2");
  }
  for (const AnswerSheet& sheet : people) {
    for (const Answer& answer : sheet.rated) {
      if (answer.item.value() >= items || answer.kind == AnswerKind::unknown) {
        throw DataError(fmt::format("an answer about item {} of {}", answer.item.value(), items),
                        "sheets hold likes and dislikes of the catalogue", "leave unknown items out");
      }
    }
  }
}

/// One start of EM.
class Climb {
 public:
  Climb(std::span<const AnswerSheet> people, std::size_t items, const AnswerClassOptions& options)
      : people_(people), options_(options), shares_(items * k_kinds) {
    // Nothing is impossible: half a person more per answer.
    const double all = static_cast<double>(people.size()) + 0.5 * k_kinds;
    for (std::size_t i = 0; i < items; ++i) shares_[i * k_kinds + k_unknown] = static_cast<double>(people.size());
    for (const AnswerSheet& sheet : people) {
      for (const Answer& answer : sheet.rated) {
        double* own = shares_.data() + answer.item.value() * k_kinds;
        own[static_cast<std::size_t>(answer.kind)] += 1.0;
        own[k_unknown] -= 1.0;
      }
    }
    for (double& share : shares_) share = (share + 0.5) / all;
    fitted_.items = items;
  }

  AnswerClasses run(std::uint32_t start) {
    deal(start);
    fitted_.objective.clear();
    for (std::size_t t = 0; t < options_.iterations; ++t) {
      maximise();
      const double now = expect();
      const bool done =
          t > 0 && now - fitted_.objective.back() < options_.tolerance * static_cast<double>(people_.size());
      fitted_.objective.push_back(now);
      if (done) break;
    }
    return fitted_;
  }

 private:
  std::size_t classes() const { return options_.classes; }

  void deal(std::uint32_t start) {
    const KeyedRandom random(derived_seed(options_.seed, "answer classes"), Purpose::initialisation);
    belonging_.assign(people_.size() * classes(), 0.0);
    for (std::size_t u = 0; u < people_.size(); ++u) {
      const std::uint32_t word = random.block(people_[u].key, start)[0];
      belonging_[u * classes() + uniform_below(word, static_cast<std::uint32_t>(classes()))] = 1.0;
    }
  }

  /// Weights and probabilities from who belongs where.
  void maximise() {
    const std::size_t row = fitted_.items * k_kinds;
    std::vector<double> sizes(classes(), 0.0);
    std::vector<double>& p = fitted_.probabilities;
    p.assign(classes() * row, 0.0);
    for (std::size_t u = 0; u < people_.size(); ++u) {
      for (std::size_t c = 0; c < classes(); ++c) {
        const double part = belonging_[u * classes() + c];
        sizes[c] += part;
        for (const Answer& answer : people_[u].rated) {
          p[c * row + answer.item.value() * k_kinds + static_cast<std::size_t>(answer.kind)] += part;
        }
      }
    }
    fitted_.weights.resize(classes());
    for (std::size_t c = 0; c < classes(); ++c) {
      // One person more per class, so that no class dies out.
      fitted_.weights[c] = (sizes[c] + 1.0) / static_cast<double>(people_.size() + classes());
      const double all = sizes[c] + options_.pseudo_people;
      for (std::size_t i = 0; i < fitted_.items; ++i) {
        double* own = p.data() + c * row + i * k_kinds;
        own[k_unknown] = sizes[c] - own[0] - own[1];
        for (std::size_t kind = 0; kind < k_kinds; ++kind) {
          own[kind] = (own[kind] + options_.pseudo_people * shares_[i * k_kinds + kind]) / all;
        }
      }
    }
  }

  /// Who belongs where, and how likely all that is.
  double expect() {
    const std::size_t row = fitted_.items * k_kinds;
    double sum = 0;
    std::vector<double> logs(classes() * row), nothing(classes());
    for (std::size_t c = 0; c < classes(); ++c) {
      sum += std::log(fitted_.weights[c]);
      nothing[c] = std::log(fitted_.weights[c]);
      for (std::size_t k = 0; k < row; ++k) {
        logs[c * row + k] = std::log(fitted_.probabilities[c * row + k]);
        sum += options_.pseudo_people * shares_[k] * logs[c * row + k];
      }
      for (std::size_t i = 0; i < fitted_.items; ++i) nothing[c] += logs[c * row + i * k_kinds + k_unknown];
    }
    for (std::size_t u = 0; u < people_.size(); ++u) {
      const std::span<double> own = std::span(belonging_).subspan(u * classes(), classes());
      for (std::size_t c = 0; c < classes(); ++c) {
        own[c] = nothing[c];
        for (const Answer& answer : people_[u].rated) {
          const double* of_item = logs.data() + c * row + answer.item.value() * k_kinds;
          own[c] += of_item[static_cast<std::size_t>(answer.kind)] - of_item[k_unknown];
        }
      }
      const double largest = *std::ranges::max_element(own);
      double total = 0;
      for (double& part : own) total += part = std::exp(part - largest);
      for (double& part : own) part /= total;
      sum += largest + std::log(total);
    }
    return sum;
  }

  std::span<const AnswerSheet> people_;
  const AnswerClassOptions& options_;
  std::vector<double> shares_;     // [I, 3] of all people
  std::vector<double> belonging_;  // [U, C]
  AnswerClasses fitted_;
};

}  // namespace

AnswerClasses fit_answer_classes(std::span<const AnswerSheet> people, std::size_t items,
                                 const AnswerClassOptions& options) {
  check(people, items, options);
  AnswerClasses best;
  for (std::size_t start = 0; start < options.starts; ++start) {
    AnswerClasses found = Climb(people, items, options).run(static_cast<std::uint32_t>(start));
    if (best.objective.empty() || found.objective.back() > best.objective.back()) best = std::move(found);
  }
  return best;
}

}  // namespace coldframe
