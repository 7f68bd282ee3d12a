#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/evaluation/bootstrap.h"
#include "framework/simulation/choice_fit.h"
#include "framework/simulation/judged_log.h"
#include "framework/simulation/session_lengths.h"

namespace coldframe {

struct ClickRealismOptions {
  std::uint64_t seed = 1;           // of the halves and of redraws
  std::int64_t iterated_picks = 3;  // of iterated_logit: a limit, not a parameter
  std::size_t redraws = 50;         // of all clicks under every law
  BootstrapOptions bootstrap = {.replicates = 400};
};

/// What a law of clicks that was fitted to one half of the users says about the pages of the other half.
struct ClickLawJudgement {
  std::string law;
  bool baseline = false;                    // a table of click rates
  std::string refused;                      // why it was not fitted, or cannot be; empty: it was
  std::vector<FittedParameter> parameters;  // of user models
  Estimate log_likelihood;                  // per page
  Estimate over_positions;                  // the same minus that of click rates by position, paired by user
  Estimate over_best;                       // minus that of the user model with the best fit of the first half
  std::vector<double> click_rate;           // by position, expected
  std::vector<double> perplexity;           // by position, given the clicks above; empty: too many outcomes to add up
  double mean_perplexity = 0;               // of these; NaN when they are empty
  double plain_perplexity = 0;              // mean over positions, without the clicks above
  Distance calibration;                     // expected calibration error of P(click at k), 15 bins of equal mass
  Distance page_clicks, session_clicks;     // Kolmogorov-Smirnov
};

struct ClickRealism {
  std::string unknown;                             // why the log says nothing about clicks; empty: it does
  std::size_t users = 0, pages = 0;                // in both halves
  std::size_t fitted_users = 0, judged_users = 0;  // in each half
  std::vector<std::size_t> pages_at;               // by position, of the second half
  std::vector<double> click_rate;                  // by position, of the second half
  std::vector<ClickLawJudgement> laws;             // user models, then baselines
  std::string best;                                // user model of the best fit to the first half; empty: none
};

/// Fits every built-in user model (fit_choices()) and three tables of click rates to the pages of one half of the
/// users, drawn by keyed hash, and judges them on the pages of the other half. Utilities are taken as given: what they
/// miss of people shows as clicks that belong together. A log that says nothing about clicks (no pages, nobody in a
/// half, no click or nothing else) is a result that says why; so is a model that the log cannot identify.
ClickRealism judge_clicks(std::span<const JudgedPage> pages, const ClickRealismOptions& options = {});

/// How well utilities from elsewhere explain the same pages under one user model.
struct UtilityJudgement {
  std::string utilities;    // "popularity", "softmax-0"
  std::string refused;      // why the model was not fitted with them; empty: it was
  Estimate log_likelihood;  // per page of the second half
  Estimate over_first;      // the same minus that of the first row, paired by user
};

struct NamedUtilities {
  std::string name;
  PageUtilities utilities;  // parallel to the pages
};

/// Fits one user model with each of these utilities to the first half and judges it on the second.
std::vector<UtilityJudgement> judge_utilities(std::span<const JudgedPage> pages,
                                              std::span<const NamedUtilities> sources, const std::string& user_model,
                                              const ClickRealismOptions& options = {});

}  // namespace coldframe
