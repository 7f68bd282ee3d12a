#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "framework/cli/encoder_contestant.h"
#include "framework/cli/subcommand.h"
#include "framework/data/task_stream.h"
#include "framework/reporting/stream_worlds.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/choice_calibration.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/population.h"
#include "framework/simulation/replay.h"

namespace coldframe {

/// Simulated newcomers of every task of a stream meet the encoder as it was after every task: in the world of their own
/// time, and in that of the encoder's. They have a stream of random numbers of their own, so that nobody of them was
/// learned from. Members stand in order of making; borrows its setting.
class StreamWalk {
 public:
  struct Setting {
    const Experiment& experiment;  // the world, which need not be what the run was trained with
    const StoredRun& run;          // a stream of periods whose tasks were kept
    std::int64_t users;            // of every task
    const Invocation& invocation;
  };
  /// Collective. ConfigError or DataError for a run that is no such stream, or not of this world.
  explicit StreamWalk(const Setting& setting);

  /// Collective; the whole result on every rank, with the same bits on any number of ranks and threads.
  StreamWorlds run();

 private:
  /// Newcomers in one world, and who knows it.
  struct World;
  /// What is known of a task from the log.
  struct TaskFacts {
    std::uint32_t period = 0;  // the last one
    double pages = 0;          // of users of role T
    std::vector<float> likes;  // [I] of role T
  };
  void require_stream() const;
  void read_tasks();
  void make_world();
  void encode();
  std::unique_ptr<World> world(std::optional<std::uint32_t> period) const;
  std::uint64_t first_user(std::size_t task) const;
  bool same_world(std::uint32_t a, std::uint32_t b) const;
  /// Which of the encoders serves people of a task in a row.
  const EncoderContestant& encoder(std::size_t row, std::size_t task) const;
  WorldCell meet(const World& world, std::size_t row, std::size_t task, bool with_ceiling) const;
  void fill_row(StreamWorlds& worlds, std::size_t row, const World& then) const;
  ReplayResult replay_over_ranks(const World& world, std::span<const Contestant> contestants,
                                 std::uint64_t first) const;
  std::size_t tasks() const { return facts_.size(); }
  std::uint64_t seed() const { return seed_; }

  const Experiment& experiment_;
  const StoredRun& run_;
  std::int64_t users_;
  const Invocation& invocation_;
  const Group& group_;
  std::uint64_t seed_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<Population> population_;
  std::unique_ptr<TaskStream> stream_;
  std::vector<TaskFacts> facts_;  // [T]
  std::unique_ptr<Catalogue> catalogue_;
  UserModelRegistry user_models_;
  ChoiceCalibration calibration_;
  std::unique_ptr<UserModel> user_model_;
  std::optional<PopulationMix> mix_;
  std::optional<VocabularyDrift> words_;
  EntityTable profile_texts_;
  std::unique_ptr<LanePool> pool_;
  SimulationOptions replay_options_;
  std::vector<std::unique_ptr<EncoderContestant>> encoders_;   // by tasks learned: 0 .. T
  std::vector<std::unique_ptr<FixedScorePolicy>> popularity_;  // by tasks known; null for none
};

}  // namespace coldframe
