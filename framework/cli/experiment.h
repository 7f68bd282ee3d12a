#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "framework/cli/experiment_options.h"
#include "framework/core/config.h"
#include "framework/data/data_options.h"
#include "framework/data/lane_plan.h"
#include "framework/data/poisoning.h"
#include "framework/data/text_views.h"
#include "framework/evaluation/options.h"
#include "framework/model/encoder_loader.h"
#include "framework/model/strategy_set.h"
#include "framework/simulation/ads_options.h"
#include "framework/simulation/catalogue_churn.h"
#include "framework/simulation/dynamics_options.h"
#include "framework/simulation/mix_drift_options.h"
#include "framework/simulation/onboarding_options.h"
#include "framework/simulation/population_options.h"
#include "framework/simulation/search_options.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/vocabulary_drift.h"
#include "framework/simulation/world_drift_options.h"
#include "framework/training/adamw.h"
#include "framework/training/continual_options.h"
#include "framework/training/objective.h"
#include "framework/training/prefix_cache.h"
#include "framework/training/schedule.h"
#include "framework/training/trainer.h"

namespace coldframe {

/// All sections of an experiment file, and the registries that its families are made from. All commands read the
/// same file. The registries are filled here: a strategy or objective from outside the tree is added
/// before add_to().
class Experiment {
 public:
  Experiment();

  /// Declares every section; this object must outlive the schema.
  void add_to(ConfigSchema& schema);

  std::string variant() const;
  /// root / name / variant / fold-F / seed-S
  std::filesystem::path run_folder() const;
  /// In the order of strategy.use. ConfigError when a name is neither an instance section nor a kind.
  StrategySet make_strategies(const ResolvedConfig& config) const;
  std::unique_ptr<Objective> make_objective(const ResolvedConfig& config) const;

  ExperimentOptions experiment;
  DataOptions data;
  PoisoningOptions poisoning;
  TextOptions text;
  EncoderOptions encoder;
  StrategyChoice strategy;
  ObjectiveChoice objective;
  TrainingOptions training;
  FairTrainingOptions fairness;
  AdversarialOptions adversarial;
  BatchOptions batch;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  PrefixCacheOptions prefix_cache;
  DistributedOptions distributed;
  CheckpointOptions checkpoint;
  ContinualOptions continual;
  EvaluationOptions evaluation;
  PopulationOptions population;
  SimulationOptions simulation;
  DynamicsOptions dynamics;
  OnboardingOptions onboarding;
  SearchOptions search;
  AdsOptions ads;
  WorldDriftOptions world_drift;
  MixDriftOptions mix_drift;
  CatalogueChurnOptions catalogue_churn;
  VocabularyDriftOptions vocabulary_drift;
  StrategyRegistry strategies;
  ObjectiveRegistry objectives;

 private:
  std::vector<Problem> continual_problems() const;
  std::vector<Problem> ads_problems() const;
};

}  // namespace coldframe
