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
/// prequential value. Ranking is by the cosine alone, over all items.
class TaskTests {
 public:
  TaskTests(const Experiment& experiment, const ExperimentData& data, const TaskStream& stream,
            const TokenizedTexts& texts);

  /// Collective: row `tasks_done` of R and the next cohort, with the weights that `method` (may be null) serves.
  MetricsRecord measure(std::size_t tasks_done, std::int64_t step, const BulkEncoder& encoder, ContinualMethod* method);
  /// Rows that were measured so far.
  std::vector<StateTensor> state();
  /// For the record; a model that is never trained has the same row everywhere.
  ContinualRecord record() const;

 private:
  struct Cohort {
    NewcomerSet people;
    std::vector<float> popularity;  // [items] likes of role T in the tasks before; next cohorts alone
    std::vector<float> values;      // tested: [T + 1, people]; next: [2, people], model and popularity. NaN: not yet
  };
  using Scores = std::function<void(std::size_t user, std::span<float> scores)>;
  void test(const Cohort& cohort, const Scores& score, std::span<float> values) const;
  void test_encoded(const Cohort& cohort, const BulkEncoder& encoder, const ItemScores& items,
                    std::span<float> values) const;

  const Experiment& experiment_;
  const ExperimentData& data_;
  const TaskStream& stream_;
  const TokenizedTexts& texts_;
  MetricCut metric_;
  std::vector<Cohort> tested_;  // [T]
  std::vector<Cohort> next_;    // [T], or none
};

}  // namespace coldframe
