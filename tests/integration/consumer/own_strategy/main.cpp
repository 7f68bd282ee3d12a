// A strategy written outside the repository: trains nothing but the biases.
//   own_strategy ENCODER_FOLDER
// Expected output for all-MiniLM-L6-v2 (biases: 6 layers of 4 x 384 + 2 x 384 + 1536 + 384, and 384 below them; the
// pooler is not loaded):
//   biases trains 25728 of 22565376 parameters
#include <cstdio>
#include <string>

#include "framework/model/encoder_loader.h"
#include "framework/model/strategy.h"

namespace {

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

class BiasStrategy final : public Strategy {
 public:
  std::string_view kind() const override { return "biases"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment&) override {
    for (const ParameterIndex index : encoder.parameters()) {
      parameters.info(index).trainable = parameters.info(index).name.ends_with(".bias");
    }
  }

  bool merge(const Encoder&, ParameterStore&) const override { return true; }
  void export_to(const std::filesystem::path&, const Encoder&, const ParameterStore&,
                 const std::filesystem::path&) const override {}
  void import_from(const std::filesystem::path&, const Encoder&, ParameterStore&) const override {}
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("usage: own_strategy ENCODER_FOLDER\n");
    return 2;
  }
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  registry.add({.kind = "biases",
                .summary = "the biases of the encoder",
                .make_options = [] { return std::unique_ptr<Options>(); },
                .make = [](const Options&) { return std::make_unique<BiasStrategy>(); },
                .merges = true,
                .saved_as = "nothing"});

  EncoderOptions options;
  options.folder = argv[1];
  ParameterStore parameters;
  const auto encoder = load_encoder(options, parameters);
  const auto strategy = registry.require("biases").make(options);
  strategy->attach(*encoder, parameters, {});
  std::printf("%s trains %lld of %lld parameters\n", std::string(strategy->kind()).c_str(),
              static_cast<long long>(parameters.trainable_count()), static_cast<long long>(parameters.count()));
  return 0;
}
