#include "framework/simulation/click_realism.h"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>

#include "framework/core/error.h"
#include "framework/evaluation/calibration.h"
#include "framework/evaluation/count_distribution.h"
#include "framework/evaluation/perplexity.h"
#include "framework/simulation/click_laws.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

struct NamedRates {
  const char* name;
  ClickRateKind kind;
};
constexpr NamedRates k_rates[] = {{"one rate", ClickRateKind::one},
                                  {"rates by position", ClickRateKind::by_position},
                                  {"rates by item", ClickRateKind::by_item}};
constexpr std::size_t k_by_position = 1;  // of k_rates
const std::vector<std::string> k_models = {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"};

/// Pages of two halves of the users, each in the order of the log.
struct Halves {
  std::vector<JudgedPage> fit, judged;
  std::size_t fit_users = 0, judged_users = 0;
};

bool in_first_half(std::uint64_t seed, UserKey user) {
  return (KeyedRandom(derived_seed(seed, "halves of a log"), Purpose::permutation).block(user)[0] & 1) == 0;
}

std::size_t users_of(std::span<const JudgedPage> pages) {
  std::size_t users = 0;
  for (std::size_t p = 0; p < pages.size(); ++p) users += p == 0 || pages[p].user != pages[p - 1].user ? 1 : 0;
  return users;
}

Halves halves_of(std::span<const JudgedPage> pages, std::uint64_t seed) {
  Halves halves;
  for (const JudgedPage& page : pages) (in_first_half(seed, page.user) ? halves.fit : halves.judged).push_back(page);
  halves.fit_users = users_of(halves.fit);
  halves.judged_users = users_of(halves.judged);
  return halves;
}

double clicks_of(const JudgedPage& page) {
  return static_cast<double>(std::ranges::count(page.seen.clicks, std::uint8_t{1}));
}

/// Why a log says nothing about clicks; empty when it does.
std::string why_unknown(std::span<const JudgedPage> pages, const Halves& halves) {
  double clicks = 0, impressions = 0;
  for (const JudgedPage& page : pages) {
    clicks += clicks_of(page);
    impressions += static_cast<double>(page.items.size());
  }
  if (pages.empty()) return "it has no pages of users whom no world was fitted on";
  if (clicks == 0) return "nothing was clicked";
  if (clicks == impressions) return "everything was clicked: it says what was taken, not what was shown";
  if (halves.fit.empty() || halves.judged.empty()) {
    return fmt::format("{} users cannot be split into halves", halves.fit_users + halves.judged_users);
  }
  return {};
}

std::vector<ObservedPage> observed(std::span<const JudgedPage> pages) {
  std::vector<ObservedPage> out;
  for (const JudgedPage& page : pages) out.push_back(page.seen);
  return out;
}

/// A law and what was fitted to get it.
struct FittedLaw {
  std::unique_ptr<const ClickLaw> law;  // nullptr: refused
  std::vector<FittedParameter> parameters;
  double fitted_log_likelihood = -std::numeric_limits<double>::infinity();
  std::string refused;
};

/// Maximum likelihood among laws that can be: later positions of pbm are not looked at more than surely.
ChoiceFit possible_fit(const std::string& name, std::span<const ObservedPage> pages, std::int64_t iterated_picks) {
  const ChoiceFit fit = fit_choices(name, pages, {iterated_picks, {}});
  if (name != "pbm" || fit.parameter("pbm_decay").value >= 0) return fit;
  return fit_choices(name, pages, {iterated_picks, {{"pbm_decay", 0.0}}});
}

FittedLaw fitted_model(const std::string& name, std::span<const ObservedPage> pages, std::int64_t iterated_picks) {
  FittedLaw out;
  try {
    const ChoiceFit fit = possible_fit(name, pages, iterated_picks);
    SimulationOptions options;
    options.iterated_picks = iterated_picks;
    fit.apply_to(options);
    out = {user_model_law(make_user_model(options, fit.scale())), fit.parameters, fit.log_likelihood, {}};
  } catch (const DataError& refusal) {
    out.refused = refusal.what();
  }
  return out;
}

/// log-likelihood of every page; empty, and the reason in `refused`, when one cannot happen.
std::vector<double> log_likelihoods(const ClickLaw& law, std::span<const JudgedPage> pages, std::string& refused) {
  std::vector<double> out;
  for (const JudgedPage& page : pages) {
    out.push_back(law.log_likelihood(page));
    if (std::isfinite(out.back())) continue;
    refused = fmt::format("the other half has a page with {} clicks, which cannot happen under it", clicks_of(page));
    return {};
  }
  return out;
}

/// Clicks of pages and of sessions.
struct Counts {
  CountDistribution page, session;
};

/// `clicks` in the order of the positions of all pages.
Counts counts_of(std::span<const JudgedPage> pages, std::span<const std::uint8_t> clicks) {
  Counts counts;
  std::size_t at = 0, session = 0;
  for (std::size_t p = 0; p < pages.size(); ++p) {
    const std::size_t size = pages[p].items.size();
    const auto first = clicks.begin() + static_cast<std::ptrdiff_t>(at);
    const auto here =
        static_cast<std::size_t>(std::count(first, first + static_cast<std::ptrdiff_t>(size), std::uint8_t{1}));
    counts.page.add(here);
    session += here;
    at += size;
    const bool last =
        p + 1 == pages.size() || pages[p + 1].user != pages[p].user || pages[p + 1].session != pages[p].session;
    if (!last) continue;
    counts.session.add(session);
    session = 0;
  }
  return counts;
}

/// Calibration error and distances of counts, of the log and of redraws.
void judge_by_redraws(const ClickLaw& law, std::span<const JudgedPage> pages, const ClickRealismOptions& options,
                      ClickLawJudgement& row) {
  std::vector<double> p;
  std::vector<std::uint8_t> clicks;
  for (const JudgedPage& page : pages) {
    p.resize(p.size() + page.items.size());
    law.expected(page, std::span(p).last(page.items.size()));
    clicks.insert(clicks.end(), page.seen.clicks.begin(), page.seen.clicks.end());
  }
  for (double& probability : p) probability = std::clamp(probability, 0.0, 1.0);
  const Counts seen = counts_of(pages, clicks);
  const double error = calibration_error(p, clicks).expected;
  std::vector<double> errors;
  std::vector<Counts> redrawn;
  Counts all;
  for (std::size_t draw = 0; draw < options.redraws; ++draw) {
    const SimulationRandom random(derived_seed(options.seed, fmt::format("clicks of a log {}", draw).c_str()));
    std::size_t at = 0;
    for (const JudgedPage& page : pages) {
      law.redraw(random, page, std::span(clicks).subspan(at, page.items.size()));
      at += page.items.size();
    }
    errors.push_back(calibration_error(p, clicks).expected);
    redrawn.push_back(counts_of(pages, clicks));
    all.page.add(redrawn.back().page);
    all.session.add(redrawn.back().session);
  }
  std::vector<double> page_distances, session_distances;
  for (const Counts& counts : redrawn) {
    page_distances.push_back(ks_distance(counts.page, all.page));
    session_distances.push_back(ks_distance(counts.session, all.session));
  }
  row.calibration = beside_chance(error, std::move(errors));
  row.page_clicks = beside_chance(ks_distance(seen.page, all.page), std::move(page_distances));
  row.session_clicks = beside_chance(ks_distance(seen.session, all.session), std::move(session_distances));
}

/// Means by position of what pages have there.
class PositionMeans {
 public:
  void add(std::span<const double> values) {
    if (sums_.size() < values.size()) {
      sums_.resize(values.size(), 0.0);
      pages_.resize(values.size(), 0);
    }
    for (std::size_t k = 0; k < values.size(); ++k) {
      sums_[k] += values[k];
      ++pages_[k];
    }
  }
  std::vector<double> means() const {
    std::vector<double> out;
    for (std::size_t k = 0; k < sums_.size(); ++k) out.push_back(sums_[k] / static_cast<double>(pages_[k]));
    return out;
  }
  const std::vector<std::size_t>& pages() const { return pages_; }

 private:
  std::vector<double> sums_;
  std::vector<std::size_t> pages_;
};

void judge_by_position(const ClickLaw& law, std::span<const JudgedPage> pages, ClickLawJudgement& row) {
  PositionMeans rates;
  Perplexity plain, conditional;
  bool known = true;
  std::vector<double> p;
  for (const JudgedPage& page : pages) {
    p.resize(page.items.size());
    law.expected(page, p);
    rates.add(p);
    for (std::size_t k = 0; k < p.size(); ++k) p[k] = page.seen.clicks[k] != 0 ? p[k] : 1.0 - p[k];
    plain.add(p);
    known = known && law.given_above(page, p);
    if (known) conditional.add(p);
  }
  row.click_rate = rates.means();
  row.plain_perplexity = plain.mean();
  row.mean_perplexity = known ? conditional.mean() : std::numeric_limits<double>::quiet_NaN();
  if (known) row.perplexity = conditional.by_position();
}

/// Sums over the pages of every user, in columns: one per law, the number of pages last.
class PagesByUser {
 public:
  PagesByUser(std::span<const JudgedPage> pages, const std::vector<std::vector<double>>& columns,
              const BootstrapOptions& options)
      : pages_column_(columns.size()), users_(columns.size() + 1, options) {
    std::vector<double> sums(columns.size() + 1, 0.0);
    for (std::size_t p = 0; p < pages.size(); ++p) {
      for (std::size_t c = 0; c < columns.size(); ++c) sums[c] += columns[c][p];
      sums.back() += 1;
      if (p + 1 < pages.size() && pages[p + 1].user == pages[p].user) continue;
      users_.add(pages[p].user, sums);
      std::ranges::fill(sums, 0.0);
    }
  }
  Estimate per_page(std::size_t column) const { return users_.ratio(column, pages_column_); }
  Estimate difference(std::size_t a, std::size_t b) const {
    return users_.ratio_difference({a, pages_column_}, {b, pages_column_});
  }

 private:
  std::size_t pages_column_;
  PairedBootstrap users_;
};

std::vector<FittedLaw> fit_all(const Halves& halves, const ClickRealismOptions& options) {
  const std::vector<ObservedPage> pages = observed(halves.fit);
  std::vector<FittedLaw> fitted(k_models.size() + std::size(k_rates));
  tbb::parallel_for(std::size_t{0}, fitted.size(), [&](std::size_t at) {
    if (at < k_models.size()) {
      fitted[at] = fitted_model(k_models[at], pages, options.iterated_picks);
    } else {
      fitted[at].law = click_rate_law(k_rates[at - k_models.size()].kind, halves.fit);
    }
  });
  return fitted;
}

void add_intervals(const Halves& halves, const std::vector<std::vector<double>>& likelihoods,
                   const ClickRealismOptions& options, ClickRealism& out) {
  std::vector<std::vector<double>> columns;
  std::vector<std::size_t> column_of(out.laws.size());
  for (std::size_t at = 0; at < out.laws.size(); ++at) {
    column_of[at] = columns.size();
    if (out.laws[at].refused.empty()) columns.push_back(likelihoods[at]);
  }
  const PagesByUser users(halves.judged, columns, options.bootstrap);
  std::optional<std::size_t> best;
  for (std::size_t at = 0; at < out.laws.size(); ++at) {
    if (out.laws[at].law == out.best) best = column_of[at];
  }
  for (std::size_t at = 0; at < out.laws.size(); ++at) {
    ClickLawJudgement& row = out.laws[at];
    if (!row.refused.empty()) continue;
    row.log_likelihood = users.per_page(column_of[at]);
    row.over_positions = users.difference(column_of[at], column_of[k_models.size() + k_by_position]);
    if (best) row.over_best = users.difference(column_of[at], *best);
  }
}

}  // namespace

ClickRealism judge_clicks(std::span<const JudgedPage> pages, const ClickRealismOptions& options) {
  const Halves halves = halves_of(pages, options.seed);
  ClickRealism out;
  out.pages = pages.size();
  out.users = halves.fit_users + halves.judged_users;
  out.fitted_users = halves.fit_users;
  out.judged_users = halves.judged_users;
  out.unknown = why_unknown(pages, halves);
  if (!out.unknown.empty()) return out;
  PositionMeans seen;
  for (const JudgedPage& page : halves.judged) {
    seen.add(std::vector<double>(page.seen.clicks.begin(), page.seen.clicks.end()));
  }
  out.click_rate = seen.means();
  out.pages_at = seen.pages();
  std::vector<FittedLaw> fitted = fit_all(halves, options);
  out.laws.resize(fitted.size());
  std::vector<std::vector<double>> likelihoods(fitted.size());
  tbb::parallel_for(std::size_t{0}, fitted.size(), [&](std::size_t at) {
    ClickLawJudgement& row = out.laws[at];
    row.baseline = at >= k_models.size();
    row.law = row.baseline ? k_rates[at - k_models.size()].name : k_models[at];
    row.refused = fitted[at].refused;
    row.parameters = fitted[at].parameters;
    if (row.refused.empty()) likelihoods[at] = log_likelihoods(*fitted[at].law, halves.judged, row.refused);
    if (!row.refused.empty()) return;
    judge_by_position(*fitted[at].law, halves.judged, row);
    judge_by_redraws(*fitted[at].law, halves.judged, options, row);
  });
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t at = 0; at < k_models.size(); ++at) {
    if (!out.laws[at].refused.empty() || fitted[at].fitted_log_likelihood <= highest) continue;
    highest = fitted[at].fitted_log_likelihood;
    out.best = k_models[at];
  }
  add_intervals(halves, likelihoods, options, out);
  return out;
}

std::vector<UtilityJudgement> judge_utilities(std::span<const JudgedPage> pages,
                                              std::span<const NamedUtilities> sources, const std::string& user_model,
                                              const ClickRealismOptions& options) {
  std::vector<UtilityJudgement> rows(sources.size());
  std::vector<std::vector<double>> likelihoods(sources.size());
  Halves halves;
  for (std::size_t at = 0; at < sources.size(); ++at) {
    rows[at].utilities = sources[at].name;
    halves = halves_of(with_utilities({pages.begin(), pages.end()}, sources[at].utilities), options.seed);
    const FittedLaw fitted = fitted_model(user_model, observed(halves.fit), options.iterated_picks);
    rows[at].refused = fitted.refused;
    if (fitted.law) likelihoods[at] = log_likelihoods(*fitted.law, halves.judged, rows[at].refused);
  }
  std::vector<std::vector<double>> columns;
  for (const auto& column : likelihoods) {
    if (!column.empty()) columns.push_back(column);
  }
  const PagesByUser users(halves.judged, columns, options.bootstrap);
  std::size_t column = 0;
  for (UtilityJudgement& row : rows) {
    if (!row.refused.empty()) continue;
    row.log_likelihood = users.per_page(column);
    if (rows.front().refused.empty()) row.over_first = users.difference(column, 0);
    ++column;
  }
  return rows;
}

}  // namespace coldframe
