#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "framework/cli/newcomer_vectors.h"
#include "framework/data/task_stream.h"
#include "framework/distributed/checkpoint_files.h"
#include "framework/reporting/continual_record.h"
#include "framework/training/continual_method.h"
#include "framework/training/metrics_log.h"

namespace coldframe {

/// The people on whom a stream of tasks is measured. Every task has a cohort of the tested role, the same after every
/// task: a row of R. Where tasks have people of their own, everybody of the next task (but for role W) is tested
/// besides, before anything of them is trained on, and put beside the popularity of the items in the tasks so far: the
/// prequential value. With continual.delay feedback is known that many tasks later: people of task j are tested by the
/// model after task j - 1 - delay. Ranking is by the cosine alone, over all items, and with continual.prior_weight a
/// second time with log popularity in the tasks so far beside the trained score.
class TaskTests {
 public:
  TaskTests(const Experiment& experiment, const ExperimentData& data, const TaskStream& stream,
            const TokenizedTexts& texts);

  /// Collective: row `tasks_done` of R and the next cohort, with the weights that `method` (may be null) serves.
  /// `scale`: of cosines in the trained score.
  MetricsRecord measure(std::size_t tasks_done, std::int64_t step, const BulkEncoder& encoder, ContinualMethod* method,
                        double scale);
  /// Rows that were measured so far.
  std::vector<StateTensor> state();
  /// For the record; a model that is never trained has the same row everywhere.
  ContinualRecord record() const;

 private:
  struct Cohort {
    NewcomerSet people;
    std::vector<float> values;  // tested: [T + 1, people]; next: [2, people], model and popularity. NaN: not yet
    std::vector<float> served;  // the model's with the item prior; empty where it is not asked for
  };
  using Scores = std::function<void(std::size_t user, std::span<float> scores)>;
  void test(const NewcomerSet& people, const Scores& score, std::span<float> values) const;
  EncodedTexts encode(const NewcomerSet& people, const BulkEncoder& encoder, const ItemScores& items) const;
  void test_task(std::size_t task, std::size_t tasks_done, const EncodedTexts& people, ItemScores& items, double scale,
                 MetricsRecord& record);
  void test_next(std::size_t task, const EncodedTexts& people, ItemScores& items, double scale, MetricsRecord& record);
  /// How many tasks were known when people of a task were met.
  std::size_t known_before(std::size_t task) const;
  bool with_prior() const { return experiment_.continual.prior_weight > 0.0; }

  const Experiment& experiment_;
  const ExperimentData& data_;
  const TaskStream& stream_;
  const TokenizedTexts& texts_;
  MetricCut metric_;
  std::vector<std::vector<float>> popularity_;  // [T + 1][items] likes of role T in so many tasks
  std::vector<Cohort> tested_;                  // [T]
  std::vector<Cohort> next_;                    // [T], or none
};

}  // namespace coldframe
