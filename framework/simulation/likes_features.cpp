#include "framework/simulation/likes_features.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace coldframe {
namespace {

constexpr std::size_t k_paired_items = 300;
constexpr double k_shrinkage = 5.0;  // likes of nobody in particular, added to every item
constexpr std::size_t k_quarters = 4;

void count_values(const AttributeColumn& column, std::map<std::string, std::size_t>& counts) {
  for (const std::vector<std::string>& values : column.values) {
    for (const std::string& value : values) ++counts[value];
  }
  for (const std::string& value : column.texts) {
    if (!value.empty()) ++counts[value];
  }
}

std::vector<const AttributeColumn*> tagging_columns(const Dataset& data) {
  for (const AttributeKind kind : {AttributeKind::multi, AttributeKind::category}) {
    std::vector<const AttributeColumn*> columns;
    for (const AttributeColumn& column : data.items.columns) {
      if (column.kind == kind) columns.push_back(&column);
    }
    if (!columns.empty()) return columns;
  }
  return {};
}

}  // namespace

ItemTags item_tags(const Dataset& data, std::size_t most) {
  ItemTags tags;
  tags.of_item.resize(data.items.size());
  for (const AttributeColumn* column : tagging_columns(data)) {
    std::map<std::string, std::size_t> counts;
    count_values(*column, counts);
    std::vector<std::pair<std::string, std::size_t>> ranked(counts.begin(), counts.end());
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::map<std::string, std::uint32_t> number;
    for (const auto& [value, count] : ranked) {
      if (tags.names.size() == most) break;
      number[value] = static_cast<std::uint32_t>(tags.names.size());
      tags.names.push_back(column->name + " " + value);
    }
    const auto tag = [&](std::size_t item, const std::string& value) {
      if (const auto known = number.find(value); known != number.end()) tags.of_item[item].push_back(known->second);
    };
    for (std::size_t i = 0; i < column->values.size(); ++i) {
      for (const std::string& value : column->values[i]) tag(i, value);
    }
    for (std::size_t i = 0; i < column->texts.size(); ++i) tag(i, column->texts[i]);
  }
  return tags;
}

LikesFeatures::LikesFeatures(const WorldData& reference, ItemTags tags)
    : tags_(std::move(tags)), counts_(reference.item_count, 0.0), quarter_(reference.item_count, k_quarters - 1) {
  for (const WorldUser& user : reference.users) {
    for (const std::uint32_t item : user.likes) counts_[item] += user.weight;
  }
  learn_pairs(reference);
  learn_attributes(reference);
  names_ = {"number of likes",
            "mean popularity",
            "spread of popularity",
            "likes in the first quarter",
            "likes in the second quarter",
            "likes in the third quarter"};
  names_.insert(names_.end(), tags_.names.begin(), tags_.names.end());
  if (!tags_.names.empty()) names_.emplace_back("entropy over tags");
  names_.emplace_back("what goes together");
  if (attribute_size_ > 0) names_.emplace_back("likes by attributes");
  if (group_count_ > 1) names_.emplace_back("likes by group");
}

void LikesFeatures::learn_pairs(const WorldData& reference) {
  std::vector<std::uint32_t> ranked(reference.item_count);
  std::iota(ranked.begin(), ranked.end(), 0u);
  std::stable_sort(ranked.begin(), ranked.end(), [&](auto a, auto b) { return counts_[a] > counts_[b]; });
  const double total = std::accumulate(counts_.begin(), counts_.end(), 0.0);
  double passed = 0;
  for (const std::uint32_t item : ranked) {
    const double share = total > 0 ? passed / total : 0.0;
    quarter_[item] = static_cast<std::uint8_t>(std::min(static_cast<std::size_t>(share * k_quarters), k_quarters - 1));
    passed += counts_[item];
  }
  paired_ = std::min(k_paired_items, ranked.size());
  place_.assign(reference.item_count, paired_);
  for (std::size_t k = 0; k < paired_; ++k) place_[ranked[k]] = k;
  std::vector<double> together(paired_ * paired_, 0.0);
  double pairs = 0;
  for (const WorldUser& user : reference.users) {
    const auto likes = static_cast<double>(user.likes.size());
    pairs += user.weight * likes * (likes - 1);
    for (const std::uint32_t a : user.likes) {
      for (const std::uint32_t b : user.likes) {
        if (a != b && place_[a] < paired_ && place_[b] < paired_)
          together[place_[a] * paired_ + place_[b]] += user.weight;
      }
    }
  }
  affinity_.assign(paired_ * paired_, 0.0);
  for (std::size_t a = 0; a < paired_ && total > 0; ++a) {
    for (std::size_t b = 0; b < paired_; ++b) {
      const double expected = pairs * (counts_[ranked[a]] / total) * (counts_[ranked[b]] / total);
      affinity_[a * paired_ + b] = std::log((together[a * paired_ + b] + 1.0) / (expected + 1.0));
    }
  }
}

void LikesFeatures::learn_attributes(const WorldData& reference) {
  attribute_size_ = reference.attribute_size;
  group_count_ = reference.group_count;
  attributes_.assign(reference.item_count * attribute_size_, 0.0);
  std::vector<double> own(group_count_ * reference.item_count, 0.0), likes(group_count_, 0.0);
  for (const WorldUser& user : reference.users) {
    for (const std::uint32_t item : user.likes) {
      for (std::size_t p = 0; p < attribute_size_; ++p) {
        attributes_[item * attribute_size_ + p] += user.weight * user.x[p] / (counts_[item] + k_shrinkage);
      }
      own[user.group * reference.item_count + item] += user.weight;
      likes[user.group] += user.weight;
    }
  }
  const double total = std::accumulate(likes.begin(), likes.end(), 0.0);
  const auto items = static_cast<double>(reference.item_count);
  group_lift_.resize(own.size());
  for (std::size_t g = 0; g < group_count_; ++g) {
    for (std::size_t i = 0; i < reference.item_count; ++i) {
      const double all = (counts_[i] + 1.0) / (total + items);
      const double here =
          (own[g * reference.item_count + i] + k_shrinkage * all * items) / (likes[g] + k_shrinkage * items);
      group_lift_[g * reference.item_count + i] = std::log(here / all);
    }
  }
}

void LikesFeatures::add_popularity(const WorldUser& user, std::vector<double>& out) const {
  const auto likes = static_cast<double>(user.likes.size());
  double sum = 0, squares = 0;
  double quarters[k_quarters] = {};
  for (const std::uint32_t item : user.likes) {
    const double popularity = std::log(counts_[item] + 0.5);
    sum += popularity;
    squares += popularity * popularity;
    quarters[quarter_[item]] += 1.0 / likes;
  }
  const double mean = sum / likes;
  out.push_back(std::log(likes));
  out.push_back(mean);
  out.push_back(std::sqrt(std::max(0.0, squares / likes - mean * mean)));
  out.insert(out.end(), quarters, quarters + k_quarters - 1);
}

void LikesFeatures::add_tags(const WorldUser& user, std::vector<double>& out) const {
  std::vector<double> shares(tags_.names.size(), 0.0);
  double tagged = 0;
  for (const std::uint32_t item : user.likes) {
    for (const std::uint32_t tag : tags_.of_item[item]) {
      shares[tag] += 1.0;
      tagged += 1.0;
    }
  }
  double entropy = 0;
  for (double& share : shares) {
    if (share > 0) entropy -= share / tagged * std::log(share / tagged);
    share /= static_cast<double>(user.likes.size());
  }
  out.insert(out.end(), shares.begin(), shares.end());
  out.push_back(entropy);
}

double LikesFeatures::pair_affinity(const WorldUser& user) const {
  double sum = 0, pairs = 0;
  for (const std::uint32_t a : user.likes) {
    if (place_[a] == paired_) continue;
    for (const std::uint32_t b : user.likes) {
      if (a == b || place_[b] == paired_) continue;
      sum += affinity_[place_[a] * paired_ + place_[b]];
      pairs += 1;
    }
  }
  return pairs > 0 ? sum / pairs : 0.0;
}

double LikesFeatures::attribute_affinity(const WorldUser& user) const {
  double sum = 0;
  for (const std::uint32_t item : user.likes) {
    for (std::size_t p = 0; p < attribute_size_; ++p) sum += user.x[p] * attributes_[item * attribute_size_ + p];
  }
  return sum / static_cast<double>(user.likes.size());
}

double LikesFeatures::group_affinity(const WorldUser& user) const {
  double sum = 0;
  for (const std::uint32_t item : user.likes) sum += group_lift_[user.group * counts_.size() + item];
  return sum / static_cast<double>(user.likes.size());
}

std::vector<double> LikesFeatures::of(const WorldUser& user) const {
  std::vector<double> out;
  if (user.likes.empty()) return std::vector<double>(names_.size(), 0.0);
  add_popularity(user, out);
  if (!tags_.names.empty()) add_tags(user, out);
  out.push_back(pair_affinity(user));
  if (attribute_size_ > 0) out.push_back(attribute_affinity(user));
  if (group_count_ > 1) out.push_back(group_affinity(user));
  return out;
}

}  // namespace coldframe
