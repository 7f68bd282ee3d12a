#include "framework/model/strategy_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

using Trained = std::set<ParameterIndex>;

/// What one strategy trains, whoever else does.
Trained attach_one(Strategy& strategy, Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) {
  const std::vector<ParameterIndex> before = parameters.trainable();
  for (const ParameterIndex index : before) parameters.info(index).trainable = false;
  strategy.attach(encoder, parameters, attachment);
  const std::vector<ParameterIndex> own = parameters.trainable();
  for (const ParameterIndex index : before) parameters.info(index).trainable = true;
  return {own.begin(), own.end()};
}

bool covers(const Trained& all, const Trained& part) {
  return std::includes(all.begin(), all.end(), part.begin(), part.end());
}

Trained without(const std::vector<Trained>& trained, std::size_t left_out) {
  Trained others;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    if (i != left_out) others.insert(trained[i].begin(), trained[i].end());
  }
  return others;
}

}  // namespace

void StrategySet::add(std::string name, std::unique_ptr<Strategy> strategy) {
  if (std::ranges::find(members_, name, &Member::name) != members_.end()) {
    throw ConfigError(fmt::format("strategy.use names {} twice", name), "a strategy is attached once",
                      "give the second a section of its own, [strategy.NAME] with kind");
  }
  members_.push_back({std::move(name), std::move(strategy)});
}

void StrategySet::attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) const {
  std::vector<Trained> trained;
  std::vector<std::string_view> kinds;
  for (const Member& member : members_) {
    trained.push_back(attach_one(*member.strategy, encoder, parameters, attachment));
    kinds.push_back(member.strategy->kind());
  }
  if (members_.size() < 2) return;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (trained[i].empty()) {
      throw ConfigError(fmt::format("strategy.use names {} beside others", members_[i].name), "it trains nothing",
                        "leave it out");
    }
    if (covers(without(trained, i), trained[i])) {
      throw ConfigError(fmt::format("strategy.use names {} beside others", members_[i].name),
                        "they train all that it trains", "leave it out");
    }
  }
  for (const Member& member : members_) member.strategy->check_company(parameters, kinds);
}

std::vector<StrategyTraining*> StrategySet::training(std::int64_t steps) const {
  std::vector<StrategyTraining*> parts;
  for (const Member& member : members_) {
    StrategyTraining* part = member.strategy->training();
    if (part == nullptr) continue;
    part->begin(steps);
    parts.push_back(part);
  }
  return parts;
}

std::vector<std::string> StrategySet::merge(const Encoder& encoder, ParameterStore& parameters) const {
  std::vector<std::string> left;
  for (const Member& member : members_) {
    if (!member.strategy->merge(encoder, parameters)) left.push_back(member.name);
  }
  return left;
}

void StrategySet::export_to(const std::filesystem::path& folder, const Encoder& encoder,
                            const ParameterStore& parameters, const std::filesystem::path& encoder_folder) const {
  if (members_.size() == 1) return members_[0].strategy->export_to(folder, encoder, parameters, encoder_folder);
  AtomicFolder target(folder, IfExists::replace);
  for (const Member& member : members_) {
    member.strategy->export_to(target.temporary() / member.name, encoder, parameters, encoder_folder);
  }
  target.commit();
}

void StrategySet::import_from(const std::filesystem::path& folder, const Encoder& encoder,
                              ParameterStore& parameters) const {
  for (const Member& member : members_) {
    member.strategy->import_from(members_.size() == 1 ? folder : folder / member.name, encoder, parameters);
  }
}

}  // namespace coldframe
