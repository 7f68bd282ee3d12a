#include "framework/simulation/baseline_policy.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace coldframe {
namespace {

double number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

EntityTable pool_attributes(const PopulationObservables& observables, const EntityTable& real_users) {
  EntityTable table;
  for (std::size_t p = 0; p < observables.pool.size(); ++p) table.ids.push_back(std::to_string(p));
  for (const AttributeColumn& real : real_users.columns) {
    const std::int32_t field = observables.law.find(real.name);
    AttributeColumn column{real.name, real.kind, {}, {}, {}};
    for (const Profile& profile : observables.pool) {
      const std::string value = field < 0 ? "" : profile.attributes.values[static_cast<std::size_t>(field)];
      if (real.kind == AttributeKind::number) {
        column.numbers.push_back(number_of(value));
      } else if (real.kind == AttributeKind::multi) {
        column.values.emplace_back();
      } else {
        column.texts.push_back(real.kind == AttributeKind::category ? value : "");
      }
    }
    table.columns.push_back(std::move(column));
  }
  return table;
}

BaselinePolicy::BaselinePolicy(std::string name, std::unique_ptr<Baseline> baseline, const EntityTable& profiles,
                               std::vector<float> fallback, TieBreak ties, double query_weight)
    : ScoredPolicy(std::move(ties)),
      name_(std::move(name)),
      baseline_(std::move(baseline)),
      profiles_(&profiles),
      fallback_(std::move(fallback)),
      query_weight_(query_weight) {}

void BaselinePolicy::score(std::span<const PolicyRequest> requests, std::span<float> scores) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    const std::span<float> own = scores.subspan(r * items(), items());
    const std::string_view searched = request.query == nullptr ? std::string_view() : request.query->text;
    const BaselineQuery query{request.user, UserId(request.profile_row), profiles_, request.history->likes, searched,
                              query_weight_};
    if (baseline_->can_score(query)) {
      baseline_->score(query, own);
    } else {
      std::ranges::copy(fallback_, own.begin());
    }
  }
}

}  // namespace coldframe
