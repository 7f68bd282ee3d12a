#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/baselines/baseline.h"
#include "framework/cli/opened_run.h"
#include "framework/evaluation/order_agreement.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// Policies that are much alike: popularity, and three settings of each baseline that learns from role T; fitted once,
/// then asked about real newcomers of role H and about their twins.
class CloseBaselines {
 public:
  explicit CloseBaselines(const ExperimentData& data);

  struct Member {
    std::string name;  // "ease 200"
    std::unique_ptr<Baseline> baseline;
  };
  const std::vector<Member>& members() const { return members_; }

 private:
  void add(std::string name, std::unique_ptr<Baseline> baseline) {
    members_.push_back({std::move(name), std::move(baseline)});
  }
  std::vector<Member> members_;
};

/// How alike real newcomers and simulated ones rank policies: NDCG@10 of the likes after the first `masked` ones, when
/// the first `shots` are known. Borrows its setting.
class PolicyOrder {
 public:
  struct Setting {
    const Experiment& experiment;
    const ExperimentData& data;
    const std::vector<std::unique_ptr<OpenedRun>>& runs;  // whose encoders are ranked beside the baselines
    std::size_t shots = 5;
  };
  /// Ranks the policies on role H.
  explicit PolicyOrder(const Setting& setting);

  const std::vector<std::string>& policies() const { return names_; }
  const PolicyValues& real() const { return real_; }
  /// The same policies on twins of the people of role H.
  PolicyValues on_twins(const WorldData& twins) const;

 private:
  PolicyValues values_of(const Likes& likes) const;

  Setting setting_;
  CloseBaselines baselines_;
  std::vector<std::string> names_;
  PolicyValues real_;
};

}  // namespace coldframe
