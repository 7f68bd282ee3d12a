#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// The strategies of a run by name, attached to one encoder in the order they were added in.
class StrategySet {
 public:
  /// ConfigError on a second strategy of that name.
  void add(std::string name, std::unique_ptr<Strategy> strategy);

  bool empty() const { return members_.empty(); }
  std::size_t size() const { return members_.size(); }
  const std::string& name(std::size_t i) const { return members_[i].name; }
  const Strategy& strategy(std::size_t i) const { return *members_[i].strategy; }

  /// ConfigError for strategies that do not go together: one that trains nothing the others do not train already, two
  /// that change a place which bears one change, one whose weights another moves.
  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) const;
  /// What some of them do in a training step, told how long the run is; ConfigError where that does not suffice.
  std::vector<StrategyTraining*> training(std::int64_t steps) const;
  /// Folds what can be folded into the encoder, in the order attached; the names of the others are returned.
  std::vector<std::string> merge(const Encoder& encoder, ParameterStore& parameters) const;
  /// One strategy is the folder; several lie in it side by side, each in a folder of its name. It appears complete or
  /// not at all.
  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const;
  void import_from(const std::filesystem::path& folder, const Encoder& encoder, ParameterStore& parameters) const;

 private:
  struct Member {
    std::string name;
    std::unique_ptr<Strategy> strategy;
  };
  std::vector<Member> members_;
};

}  // namespace coldframe
