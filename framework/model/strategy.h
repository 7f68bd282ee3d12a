#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/options.h"
#include "framework/model/encoder.h"
#include "framework/model/parameters.h"
#include "framework/model/strategy_training.h"

namespace coldframe {

/// What a strategy is attached under.
struct Attachment {
  std::uint64_t seed = 1;
  std::string base_sha256;  // encoder_digest() of the encoder before any strategy changed it
};

/// How an encoder is fine-tuned. Adding one touches one file and the registry in cli.
class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual std::string_view kind() const = 0;  // "lora"
  /// Adds its parameters to the store, marks what is trainable, attaches deltas to the encoder's sites.
  /// Random initial values come from Philox keyed by (seed, Purpose::initialisation) and the parameter's name.
  virtual void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) = 0;
  /// Called when several are attached, with the kinds of all: ConfigError when another one moves or saves what this one
  /// must have to itself.
  virtual void check_company(const ParameterStore& /*parameters*/,
                             const std::vector<std::string_view>& /*kinds*/) const {}
  /// What it does in a training step beside its deltas; nullptr: nothing. Owned by the strategy.
  virtual StrategyTraining* training() { return nullptr; }
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
  bool merges = false;   // what merge() returns
  std::string saved_as;  // what export_to() writes: "PEFT folder"
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
