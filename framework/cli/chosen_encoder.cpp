#include "framework/cli/chosen_encoder.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace coldframe {

ChosenEncoder ChosenEncoder::of_run(const std::string& folder, const ConfigSources& over_its_own) {
  ChosenEncoder chosen;
  chosen.run_ = std::make_unique<StoredRun>(folder, over_its_own);
  chosen.learner_ = chosen.run_->load_learner();
  return chosen;
}

ChosenEncoder ChosenEncoder::pretrained(const Experiment& experiment, const ResolvedConfig& config) {
  ChosenEncoder chosen;
  chosen.pretrained_ = &experiment;
  chosen.learner_ = std::make_unique<Learner>(experiment, config);
  chosen.learner_->free_unread_weights();
  return chosen;
}

std::string ChosenEncoder::name() const {
  if (run_) return run_->name();
  const std::filesystem::path folder = std::filesystem::path(pretrained_->encoder.folder).lexically_normal();
  return folder.has_filename() ? folder.filename().string() : folder.parent_path().filename().string();
}

nlohmann::json ChosenEncoder::provenance() const {
  const EncoderOptions& encoder = experiment().encoder;
  const bool unit_length = learner_->encoder->normalization() == Normalization::unit_length;
  nlohmann::json json = {{"encoder", encoder.folder},
                         {"encoder_digest", learner_->encoder_digest},
                         {"tokenizer", learner_->tokenizer->fingerprint()},
                         {"precision", encoder.precision},
                         {"pooling", learner_->encoder->pooling() == Pooling::mean ? "mean" : "cls"},
                         {"unit_length", unit_length},
                         {"max_tokens", token_limit(experiment(), *learner_->encoder)}};
  if (run_) {
    json["run"] = run_->folder().path.string();
    json["variant"] = run_->name();
    json["run_identity"] = run_->record().summary.at("identity");
  }
  return json;
}

}  // namespace coldframe
