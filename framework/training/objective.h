#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/model/parameters.h"
#include "framework/training/loss_batch.h"

namespace coldframe {

/// One row block's share of a global loss and its exact gradient. Every anchor counts with LossBatch::weight(), so
/// shares add up to the mean loss, or the weighted sum.
struct LossShare {
  double loss = 0;
  at::Tensor embedding_gradient;           // [U, D] float32, d loss / d gathered embeddings
  std::vector<double> parameter_gradient;  // by Objective::parameters()
  std::vector<double> losses;              // [end - begin] of the anchors of the block, each without its weight
};

/// The score that a loss trains, for whoever ranks afterwards:
///   s(u, i) = scale cos(u, v_i) + item_prior log prior_i
struct ScoreRule {
  double scale = 20;      // 1 / temperature
  double item_prior = 0;  // 0: the text alone
};

/// How candidates are made from the positives of a batch.
enum class CandidateRule {
  distinct_items,  // every item once, extra items allowed
  one_per_pair,    // candidate b is the positive of pair b; repeats count as often as they occur
};

/// A loss over the embeddings of the whole global batch. Computed in row blocks that every rank cuts the same way.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::string_view kind() const = 0;
  virtual CandidateRule candidate_rule() const = 0;
  /// How often the text of an anchor is encoded, each time under other dropout: 1 or 2 (LossBatch::second_rows).
  virtual int anchor_views() const { return 1; }
  /// Adds the parameters of the loss itself (temperature); they are trained, but are not part of a strategy's count.
  virtual void attach(ParameterStore& parameters) = 0;
  virtual const std::vector<ParameterIndex>& parameters() const = 0;
  /// Rows [begin, end) of the anchors against all candidates. `embeddings` [U, D] float32.
  virtual LossShare share(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                          const ParameterStore& parameters) const = 0;
  virtual ScoreRule score_rule(const ParameterStore& parameters) const = 0;
  /// Bounds on the parameters of the loss, applied after every update.
  virtual void constrain(ParameterStore&) const {}
};

struct ObjectiveEntry {
  std::string kind;
  std::string summary;
  std::function<std::unique_ptr<Options>()> make_options;
  std::function<std::unique_ptr<Objective>(const Options&)> make;
};

class ObjectiveRegistry {
 public:
  void add(ObjectiveEntry entry);
  const ObjectiveEntry& require(std::string_view kind) const;  // ConfigError naming the known kinds
  std::vector<std::string> kinds() const;

 private:
  std::map<std::string, ObjectiveEntry, std::less<>> entries_;
};

/// contrastive, mnrl.
void add_builtin_objectives(ObjectiveRegistry& registry);

}  // namespace coldframe
