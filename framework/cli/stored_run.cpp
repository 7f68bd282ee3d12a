#include "framework/cli/stored_run.h"

#include <fmt/format.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

void require_same(const StoredRun& run, const nlohmann::json& identity, const std::string& key,
                  const std::string& found, const std::string& where) {
  const std::string expected = identity.at(key);
  if (expected == found) return;
  throw DataError(fmt::format("{} is not what {} was trained with", where, run.folder().path.string()),
                  fmt::format("{} is {:.12}..., the run has {:.12}...", key, found, expected),
                  "restore it, or train again");
}

}  // namespace

StoredRun::StoredRun(const std::filesystem::path& folder, const ConfigSources& over_its_own) : folder_{folder} {
  if (!std::filesystem::exists(folder_.config())) {
    throw DataError(fmt::format("{} is no run folder", folder.string()), "config.ini is missing",
                    "give ROOT/NAME/VARIANT/fold-F/seed-S as `coldframe train` prints it");
  }
  if (!std::filesystem::exists(folder_.record())) {
    throw DataError(fmt::format("{} holds no finished run", folder.string()), "run.h5 is missing",
                    "go on with `coldframe train --resume`");
  }
  experiment_.add_to(schema_);
  ConfigSources sources{{folder_.config()}, over_its_own.overrides, folder_.config()};
  sources.files.insert(sources.files.end(), over_its_own.files.begin(), over_its_own.files.end());
  config_ = load_config(schema_, sources);
  record_ = read_run_record(folder_.record());
  if (!record_.summary.value("finished", false)) {
    throw DataError(
        fmt::format("{} is not finished", folder.string()),
        fmt::format("{} of {} steps are done", record_.summary.value("steps", 0), experiment_.schedule.steps),
        "go on with `coldframe train --resume`");
  }
}

double StoredRun::item_prior_weight() const {
  const nlohmann::json& model = record_.summary.at("model");
  if (model.contains("item_prior_weight")) return model.at("item_prior_weight");
  throw DataError(fmt::format("{} has no weight for the item prior", folder_.path.string()), "it was not evaluated yet",
                  "run `coldframe evaluate --run` on it, or do without the prior");
}

std::unique_ptr<ExperimentData> StoredRun::load_data() const {
  auto data = std::make_unique<ExperimentData>(experiment_);
  require_same(*this, record_.summary.at("identity"), "data", data->checksum, experiment_.data.path);
  return data;
}

std::unique_ptr<Learner> StoredRun::open(const Experiment& experiment) const {
  auto learner = std::make_unique<Learner>(experiment, config_);
  const nlohmann::json& identity = record_.summary.at("identity");
  require_same(*this, identity, "encoder", learner->encoder_digest, experiment_.encoder.folder);
  require_same(*this, identity, "tokenizer", learner->tokenizer->fingerprint(), experiment_.encoder.folder);
  return learner;
}

std::unique_ptr<Learner> StoredRun::load_pretrained() const {
  // An untrained strategy need not leave the output as it was (adapters start near the identity only).
  Experiment untouched = experiment_;
  untouched.strategy.use = {"frozen"};
  std::unique_ptr<Learner> learner = open(untouched);
  learner->free_unread_weights();
  return learner;
}

std::unique_ptr<Learner> StoredRun::load_learner_after(std::size_t tasks_done) const {
  const bool own = experiment_.continual.method == "adapters";
  const std::filesystem::path folder = own ? folder_.of_task(tasks_done) : folder_.after_task(tasks_done);
  if (std::filesystem::exists(folder)) return load_trained(folder);
  throw DataError(fmt::format("{} is missing", folder.string()), "the run has not kept it, or it was removed",
                  "train with continual.keep_tasks = yes");
}

std::unique_ptr<Learner> StoredRun::load_trained(const std::filesystem::path& folder) const {
  std::unique_ptr<Learner> learner = open(experiment_);
  learner->strategies.import_from(folder, *learner->encoder, learner->parameters);
  learner->free_unread_weights();
  return learner;
}

}  // namespace coldframe
