#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/model/encoder.h"
#include "framework/model/parameters.h"

namespace coldframe {

/// How an encoder is fine-tuned. Adding one touches one file and the registry in cli.
class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual std::string_view kind() const = 0;  // "lora"
  /// Adds its parameters to the store, marks what is trainable, attaches deltas to the encoder's sites.
  /// Random initial values come from Philox keyed by (seed, Purpose::initialisation) and the parameter's name.
  virtual void attach(Encoder& encoder, ParameterStore& parameters, std::uint64_t seed) = 0;
  /// Folds the deltas into the base weights where the method allows it and leaves neutral deltas behind, so that the
  /// attached encoder computes the same function; false where the method does not allow it.
  virtual bool merge(const Encoder& encoder, ParameterStore& parameters) const = 0;
  /// Writes the trained part in the form the ecosystem reads (PEFT folder, sentence-transformers folder, ...).
  virtual void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                         const std::filesystem::path& encoder_folder) const = 0;
  /// Reads what export_to() wrote back into the attached parameters; DataError names what is missing, extra or
  /// misshapen.
  virtual void import_from(const std::filesystem::path& folder, const Encoder& encoder,
                           ParameterStore& parameters) const = 0;
};

/// Instance `[strategy.NAME]` sections: kind -> how to make it. Filled in cli (and by users outside the tree).
struct StrategyEntry {
  std::string kind;
  std::string summary;  // one line with the paper
  std::function<std::unique_ptr<Options>()> make_options;
  std::function<std::unique_ptr<Strategy>(const Options&)> make;
};

class StrategyRegistry {
 public:
  void add(StrategyEntry entry);
  const StrategyEntry& require(std::string_view kind) const;  // ConfigError naming the known kinds
  std::vector<std::string> kinds() const;

 private:
  std::map<std::string, StrategyEntry, std::less<>> entries_;
};

/// The kinds of this layer.
void add_builtin_strategies(StrategyRegistry& registry);

}  // namespace coldframe
