#pragma once

#include <cstdint>
#include <string>

#include "framework/core/options.h"

namespace coldframe {

/// The `[search]` section: sessions that begin with a query (assumed: ratings know no queries). What they ask for and
/// what that does to a session is SearchLaw's business.
struct SearchOptions final : Options {
  double share = 0.0;      // of sessions
  std::string attribute;   // item column whose values are asked for
  double intent_gain = 3;  // log-odds of an item of the kind, within the session
  std::string query_template = "{intent}";
  double typo_share = 0.0;         // of queries with one wrong letter
  std::int64_t minimum_items = 5;  // rarer values are never asked for
  double query_weight = 0.5;       // of a query's vector beside that of profile and likes, in policies that read it

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
  bool active() const { return share > 0; }
};

}  // namespace coldframe
