#include "framework/simulation/page_spool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {

void LogColumns::add(const PageRow& page) {
  marginals = marginals || std::ranges::any_of(page.position_log_marginal, [](double p) { return !std::isnan(p); });
  prices = prices || std::ranges::any_of(page.prices, [](double price) { return price > 0; });
}

void PageSpool::add(ReplayResult& part) {
  if (part.begin == part.end) return;
  if (policies_.empty()) {
    policies_.resize(part.policies.size());
    end_ = part.begin;
  }
  if (part.begin != end_ || part.policies.size() != policies_.size()) {
    throw DataError(fmt::format("pages of users {}..{}", part.begin, part.end),
                    fmt::format("those of {} policies from user {} on come next", policies_.size(), end_));
  }
  for (std::size_t p = 0; p < policies_.size(); ++p) {
    std::vector<PageRow>& pages = part.policies[p].log;
    if (pages.empty()) continue;
    Policy& policy = policies_[p];
    for (const PageRow& page : pages) {
      policy.columns.add(page);
      policy.impressions += page.items.size();
    }
    const std::vector<std::byte> packed = pack_pages(pages);
    policy.blocks.push_back({part.begin, part.end, bytes_.size(), packed.size()});
    bytes_.add(packed);
    pages = {};
  }
  end_ = part.end;
}

std::vector<std::byte> PageSpool::read(const Block& block) const {
  std::vector<std::byte> packed(block.bytes);
  bytes_.read(block.at, packed);
  return packed;
}

}  // namespace coldframe
