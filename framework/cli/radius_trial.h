#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/cli/noise_trial.h"
#include "framework/evaluation/certified_radius.h"
#include "framework/reporting/robustness_report.h"

namespace coldframe {

/// How far the vectors of a run's newcomers may move before their lists change, how far single typos move them, and
/// what the worst of them costs.
class RadiusTrial {
 public:
  /// `items`: vectors of the catalogue. Borrows both.
  RadiusTrial(const OpenedRun& run, const EncodedTexts& items) : run_(run), items_(items), encoder_(run.encoder()) {}

  /// A series for each template, k and scorer of the plan. Typos are enumerated for `typo_users` newcomers, chosen by a
  /// keyed hash, at the smallest k alone: histories would be edited with the profile.
  std::vector<CertifiedSeries> run(const NoisePlan& plan, std::size_t typo_users);

 private:
  struct Newcomers;
  Newcomers newcomers(const NoisePlan& plan, const std::string& source, std::size_t shots, std::size_t typo_users);
  CertifiedSeries certify(const NewcomerScoring& scoring, const Newcomers& newcomers) const;
  void try_typos(const LinearScorer& scorer, const Newcomers& newcomers, CertifiedSeries& series,
                 const std::vector<std::vector<ItemId>>& tops) const;

  const OpenedRun& run_;
  const EncodedTexts& items_;
  BulkEncoder encoder_;
};

}  // namespace coldframe
