#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "framework/cli/program.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/model/encoder_loader.h"
#include "framework/model/strategy.h"

namespace coldframe {
namespace {

struct NoOptions final : Options {
  void describe(OptionVisitor& /*visitor*/) override {}
};

/// What a kind trains with its defaults; "-" when they do not fit the encoder.
std::string trained(const StrategyEntry& entry, const EncoderOptions& encoder) {
  ParameterStore parameters;
  const std::unique_ptr<Encoder> loaded = load_encoder(encoder, parameters);
  try {
    entry.make(*entry.make_options())->attach(*loaded, parameters, {});
  } catch (const ConfigError&) {
    return "-";
  }
  return std::to_string(parameters.trainable_count());
}

class StrategiesCommand final : public Subcommand {
 public:
  StrategiesCommand() {
    add_builtin_strategies(strategies_);
    if (extensions().strategies) extensions().strategies(strategies_);
  }

  SubcommandInfo info() const override {
    return {
        .usage = "[--encoder.folder DIR]",
        .text =
            "Lists the strategies: what each trains of the encoder with its default options, whether it can be folded\n"
            "into the encoder's weights, what it is saved as, and where it comes from.",
        .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { schema.section("encoder", "the pretrained encoder", encoder_); }

  ExitCode run(const Invocation& invocation) override {
    std::ostream& out = invocation.output;
    const bool here = std::filesystem::exists(encoder_.folder);
    out << (here ? fmt::format("encoder {}\n", encoder_.folder)
                 : fmt::format("encoder {} is not on this machine: nothing is counted\n", encoder_.folder));
    out << fmt::format("{:<12}{:>12}  {:<8}{:<31}{}\n", "kind", "trained", "merges", "saved as", "what it is");
    for (const std::string& kind : strategies_.kinds()) {
      const StrategyEntry& entry = strategies_.require(kind);
      out << fmt::format("{:<12}{:>12}  {:<8}{:<31}{}\n", kind, here ? trained(entry, encoder_) : "",
                         entry.merges ? "yes" : "no", entry.saved_as, entry.summary);
    }
    return ExitCode::done;
  }

 private:
  NoOptions options_;
  EncoderOptions encoder_;
  StrategyRegistry strategies_;
};

}  // namespace

std::unique_ptr<Subcommand> make_strategies_command() { return std::make_unique<StrategiesCommand>(); }

}  // namespace coldframe
