#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "framework/evaluation/order_agreement.h"
#include "framework/simulation/realism.h"

namespace coldframe {

/// How alike people and the twins of a world rank policies.
using WorldOrders = std::vector<std::pair<std::string, OrderAgreement>>;

/// What was compared.
struct RealismFacts {
  const Population& population;
  const RealismReport& realism;
  const WorldOrders& orders;  // empty: not asked for
  const std::vector<std::string>& policies;
  std::size_t shots = 0;
  double level = 0.95;
};

/// The tables `worlds`, `separation` and `order` in the form of report.h, and `facts`: who was compared, and what
/// cannot be known.
nlohmann::json realism_report(const RealismFacts& facts);
std::string realism_text(const nlohmann::json& report);

}  // namespace coldframe
