#include "framework/model/own_weights_strategy.h"

#include <utility>

#include "framework/model/changed_weights_folder.h"

namespace coldframe {
namespace {

class OwnWeightsStrategy final : public Strategy {
 public:
  OwnWeightsStrategy(std::string kind, WeightSelector select) : kind_(std::move(kind)), select_(std::move(select)) {}

  std::string_view kind() const override { return kind_; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    weights_ = select_(encoder, parameters);
    for (const ParameterIndex index : weights_) parameters.info(index).trainable = true;
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return true; }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    write_changed_weights(folder, kind_, {encoder_folder.string(), base_sha256_, encoder.family()}, weights_, parameters);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    read_changed_weights(folder, base_sha256_, weights_, parameters);
  }

 private:
  std::string kind_;
  WeightSelector select_;
  std::string base_sha256_;
  std::vector<ParameterIndex> weights_;
};

}  // namespace

std::unique_ptr<Strategy> make_own_weights_strategy(std::string kind, WeightSelector select) {
  return std::make_unique<OwnWeightsStrategy>(std::move(kind), std::move(select));
}

}  // namespace coldframe
