// The first promise for streams of tasks: the same bits on 1 to 4 ranks and on 1 and 2 threads, and after a kill within
// a task or between two.

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/core/clock.h"
#include "framework/training/bulk_encoder.h"
#include "framework/training/trainer.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_stream.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;
using testing::tiny_continual;
using testing::TinyStream;

struct MethodCase {
  const char* method;
  const char* strategy;
  const char* memory_rule = "uniform";
};

ContinualOptions options_of(const MethodCase& run) {
  ContinualOptions options = tiny_continual(run.method);
  options.memory_rule = run.memory_rule;
  return options;
}

struct Shape {
  int ranks = 1;
  int threads = 1;
  std::int64_t replicate_below = 1024;
};

struct Outcome {
  std::vector<float> state;
  std::vector<MetricsRecord> metrics;
};

/// What a run ends with on rank 0: weights, moments, everything of the method, and the log.
class StreamRun {
 public:
  StreamRun(const Group& group, const MethodCase& run, const Shape& shape, const fs::path& folder)
      : group_(group),
        stream_(group, run.strategy, options_of(run), shape.threads, 0.1, shape.replicate_below),
        folder_(folder) {
    fs::create_directories(folder);
  }

  Outcome train(std::int64_t until, bool resume) {
    TrainerHooks hooks;
    hooks.tasks.steps = TinyStream::k_steps;
    hooks.tasks.measure = [this](std::size_t done, std::int64_t step) { return measure(done, step); };
    hooks.tasks.state = [this] { return std::vector<StateTensor>{{"test.rows", {4, 3}, rows_}}; };
    CheckpointOptions checkpoint;
    checkpoint.every = 5;
    checkpoint.keep = 20;
    Trainer trainer(group_, *stream_.step, *stream_.planner, stream_.model.parameters,
                    {folder_ / "checkpoints", folder_ / "metrics.log"}, checkpoint, {}, clock_, hooks);
    std::vector<std::string> damaged;
    if (resume) {
      EXPECT_TRUE(trainer.resume({{"config", "tiny"}}, damaged));
    }
    trainer.run({{"config", "tiny"}}, until);
    EXPECT_LE(stream_.step->peak_gradient_buffers(), stream_.step->gradient_buffer_bound());
    return {final_state(), read_metrics(folder_ / "metrics.log")};
  }

 private:
  std::vector<MetricsRecord> measure(std::size_t done, std::int64_t step) {
    MetricsRecord record{step, "task", {}};
    for (std::size_t task = 0; task < 3; ++task) {
      if (stream_.method) stream_.method->serve(task);
      const BulkEncoder encoder(group_, stream_.pool, *stream_.model.encoder, stream_.model.parameters, 64);
      const EncodedTexts encoded =
          encoder.encode({stream_.taste.texts.item(ItemId(static_cast<std::uint32_t>(task)))}, "test");
      rows_[done * 3 + task] = encoded.vectors.data()[task];
      record.values.emplace_back("R." + std::to_string(task), rows_[done * 3 + task]);
    }
    return {record};
  }

  std::vector<float> final_state() {
    const FlatLayout layout(stream_.model.parameters);
    std::vector<float> all(layout.state_size(), 0.0f);
    copy_values(stream_.model.parameters, state_slots(layout), all);
    const auto append = [&](std::span<const float> more) { all.insert(all.end(), more.begin(), more.end()); };
    append(stream_.step->optimizer().first_moment());
    append(stream_.step->optimizer().second_moment());
    append(rows_);
    if (!stream_.method) return all;
    for (const StateTensor& tensor : stream_.method->state()) append(tensor.values);
    return all;
  }

  const Group& group_;
  TinyStream stream_;
  fs::path folder_;
  std::vector<float> rows_ = std::vector<float>(12, 0.0f);
  SystemClock clock_;
};

Outcome train(const MethodCase& run, const Shape& shape, std::int64_t until, const fs::path& folder,
              bool resume = false) {
  Outcome root;
  run_virtual_ranks(shape.ranks, [&](const Group& group) {
    Outcome mine = StreamRun(group, run, shape, folder).train(until, resume);
    if (group.is_root()) root = std::move(mine);
  });
  return root;
}

void expect_same_bits(const Outcome& expected, const Outcome& got, const std::string& what) {
  ASSERT_EQ(expected.state.size(), got.state.size());
  EXPECT_EQ(std::memcmp(expected.state.data(), got.state.data(), expected.state.size() * sizeof(float)), 0)
      << "bits differ: " << what;
  ASSERT_EQ(expected.metrics.size(), got.metrics.size()) << what;
  for (std::size_t r = 0; r < expected.metrics.size(); ++r) {
    const MetricsRecord &mine = expected.metrics[r], &theirs = got.metrics[r];
    EXPECT_EQ(mine.step, theirs.step);
    EXPECT_EQ(mine.kind, theirs.kind);
    ASSERT_EQ(mine.values.size(), theirs.values.size()) << what;
    for (std::size_t v = 0; v < mine.values.size(); ++v) {
      if (!mine.values[v].first.starts_with("time.")) {
        EXPECT_EQ(mine.values[v], theirs.values[v]) << what << ", " << mine.values[v].first;
      }
    }
  }
}

class ContinualBitsTest : public ::testing::TestWithParam<MethodCase> {
 protected:
  testing::TemporaryFolder folder_;
};

constexpr std::int64_t k_all = 3 * TinyStream::k_steps;

TEST_P(ContinualBitsTest, on_any_ranks_and_threads_and_after_a_kill_in_a_task_or_between_two) {
  const Outcome expected = train(GetParam(), {}, k_all, folder_ / "alone");
  EXPECT_EQ(expected.metrics.size(), static_cast<std::size_t>(k_all) + 4)
      << "a row before the first task, and one after each";
  expect_same_bits(expected, train(GetParam(), {2, 2}, k_all, folder_ / "2x2"), "2 ranks x 2 threads");
  expect_same_bits(expected, train(GetParam(), {3, 1, 0}, k_all, folder_ / "3"), "3 ranks, blocked loss");
  expect_same_bits(expected, train(GetParam(), {4, 1}, k_all, folder_ / "4"), "4 ranks");
  // Checkpoints at 5, 8 (a task has ended), 10, 15, 16, ...: killed after 18 and after 20 steps.
  const std::vector<std::pair<std::int64_t, std::vector<int>>> kills = {{18, {18}}, {20, {20, 16}}, {16, {16}}};
  for (const auto& [killed_after, lost] : kills) {
    const fs::path parts = folder_ / std::to_string(killed_after);
    train(GetParam(), {3, 1}, killed_after, parts);
    for (const int step : lost) fs::remove_all(parts / "checkpoints" / ("step-" + std::to_string(step)));
    expect_same_bits(expected, train(GetParam(), {2, 1}, k_all, parts, /*resume=*/true),
                     "resumed after " + std::to_string(killed_after) + " steps");
  }
}

TEST_P(ContinualBitsTest, every_method_leaves_other_weights_than_the_naive_one) {
  const std::string method = GetParam().method;
  if (method == "naive") GTEST_SKIP() << "it is the one that others are compared with";
  const Outcome mine = train(GetParam(), {}, k_all, folder_ / "mine");
  const Outcome naive = train({"naive", GetParam().strategy}, {}, k_all, folder_ / "naive");
  EXPECT_NE(std::memcmp(mine.state.data(), naive.state.data(), 512 * sizeof(float)), 0) << method << " does nothing";
}

INSTANTIATE_TEST_SUITE_P(Methods, ContinualBitsTest,
                         ::testing::Values(MethodCase{"naive", "lora"}, MethodCase{"replay", "full"},
                                           MethodCase{"der", "lora"}, MethodCase{"ewc", "full"},
                                           MethodCase{"online_ewc", "houlsby"}, MethodCase{"si", "full"},
                                           MethodCase{"lwf", "full"}, MethodCase{"agem", "full"},
                                           MethodCase{"averaging", "bitfit"}, MethodCase{"adapters", "lora"},
                                           MethodCase{"replay", "dora"}, MethodCase{"joint", "lora"},
                                           MethodCase{"naive", "adalora"}, MethodCase{"replay", "adalora"},
                                           MethodCase{"der", "full", "balanced"}),
                         [](const auto& test) { return std::string(test.param.method) + "_" + test.param.strategy; });

}  // namespace
}  // namespace coldframe
