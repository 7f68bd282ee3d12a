#include "framework/simulation/detail/world_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"

namespace coldframe::detail {
namespace {

constexpr std::string_view k_root = "/latents";

std::size_t read_size(const Hdf5File& file, const std::string& group, std::string_view name) {
  const std::int64_t value = file.read_integer(group, name);
  if (value < 0) throw DataError(fmt::format("{} in {} has {} = {}", group, file.path().string(), name, value));
  return static_cast<std::size_t>(value);
}

void write_softmax(Hdf5File& file, const std::string& group, const SoftmaxParameters& p) {
  file.make_group(group);
  file.write_attribute(group, "items", static_cast<std::int64_t>(p.items));
  file.write_attribute(group, "groups", static_cast<std::int64_t>(p.groups));
  file.write_attribute(group, "dimension", static_cast<std::int64_t>(p.dimension));
  file.write_attribute(group, "attribute_size", static_cast<std::int64_t>(p.attribute_size));
  file.write(group + "/item_bias", p.item_bias);
  file.write(group + "/group_bias", p.group_bias);
  file.write(group + "/item_factors", p.item_factors);
  file.write(group + "/attribute_effect", p.attribute_effect);
}

SoftmaxParameters read_softmax(const Hdf5File& file, const std::string& group) {
  SoftmaxParameters p;
  p.items = read_size(file, group, "items");
  p.groups = read_size(file, group, "groups");
  p.dimension = read_size(file, group, "dimension");
  p.attribute_size = read_size(file, group, "attribute_size");
  p.item_bias = file.read<double>(group + "/item_bias");
  p.group_bias = file.read<double>(group + "/group_bias");
  p.item_factors = file.read<double>(group + "/item_factors");
  p.attribute_effect = file.read<double>(group + "/attribute_effect");
  return p;
}

void write_topics(Hdf5File& file, const std::string& group, const TopicParameters& p) {
  file.make_group(group);
  file.write_attribute(group, "items", static_cast<std::int64_t>(p.items));
  file.write_attribute(group, "topics", static_cast<std::int64_t>(p.topics));
  file.write_attribute(group, "attribute_size", static_cast<std::int64_t>(p.attribute_size));
  file.write(group + "/topic_items", p.topic_items);
  file.write(group + "/item_share", p.item_share);
  file.write(group + "/mean", p.mean);
  file.write(group + "/attribute_effect", p.attribute_effect);
  file.write(group + "/spread", p.spread);
}

TopicParameters read_topics(const Hdf5File& file, const std::string& group) {
  TopicParameters p;
  p.items = read_size(file, group, "items");
  p.topics = read_size(file, group, "topics");
  p.attribute_size = read_size(file, group, "attribute_size");
  p.topic_items = file.read<double>(group + "/topic_items");
  p.item_share = file.read<double>(group + "/item_share");
  p.mean = file.read<double>(group + "/mean");
  p.attribute_effect = file.read<double>(group + "/attribute_effect");
  p.spread = file.read<double>(group + "/spread");
  return p;
}

void write_chain(Hdf5File& file, const std::string& group, const ChainParameters& p) {
  file.make_group(group);
  file.write_attribute(group, "items", static_cast<std::int64_t>(p.items));
  file.write_attribute(group, "groups", static_cast<std::int64_t>(p.groups));
  file.write_attribute(group, "attribute_size", static_cast<std::int64_t>(p.attribute_size));
  file.write_attribute(group, "length", static_cast<std::int64_t>(p.length));
  file.write(group + "/item_bias", p.item_bias);
  file.write(group + "/group_bias", p.group_bias);
  file.write(group + "/attribute_effect", p.attribute_effect);
  file.write(group + "/link_begin", p.link_begin);
  file.write(group + "/link_item", p.link_item);
  file.write(group + "/link_strength", p.link_strength);
}

ChainParameters read_chain(const Hdf5File& file, const std::string& group) {
  ChainParameters p;
  p.items = read_size(file, group, "items");
  p.groups = read_size(file, group, "groups");
  p.attribute_size = read_size(file, group, "attribute_size");
  p.length = read_size(file, group, "length");
  p.item_bias = file.read<double>(group + "/item_bias");
  p.group_bias = file.read<double>(group + "/group_bias");
  p.attribute_effect = file.read<double>(group + "/attribute_effect");
  p.link_begin = file.read<std::uint64_t>(group + "/link_begin");
  p.link_item = file.read<std::uint32_t>(group + "/link_item");
  p.link_strength = file.read<double>(group + "/link_strength");
  return p;
}

bool holds(const std::vector<double>& values, std::size_t size) {
  return values.size() == size && std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

bool positive(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return v > 0; });
}

bool fits(const SoftmaxParameters& p, std::size_t items, std::size_t groups, std::size_t attribute_size) {
  return p.items == items && p.groups == groups && p.attribute_size == attribute_size && holds(p.item_bias, items) &&
         holds(p.group_bias, groups * items) && holds(p.item_factors, items * p.dimension) &&
         holds(p.attribute_effect, p.dimension * attribute_size);
}

bool fits(const TopicParameters& p, std::size_t items, std::size_t, std::size_t attribute_size) {
  return p.items == items && p.topics > 0 && p.attribute_size == attribute_size &&
         holds(p.topic_items, p.topics * items) && holds(p.item_share, items) && positive(p.item_share) &&
         holds(p.mean, p.topics) && holds(p.attribute_effect, p.topics * attribute_size) &&
         holds(p.spread, p.topics * p.topics);
}

/// Rows of links in order, each pointing at items in ascending order.
bool links_fit(const ChainParameters& p) {
  if (p.link_begin.size() != p.items + 1 || p.link_begin.front() != 0 || p.link_begin.back() != p.link_item.size()) {
    return false;
  }
  for (std::size_t anchor = 0; anchor < p.items; ++anchor) {
    if (p.link_begin[anchor] > p.link_begin[anchor + 1] || p.link_begin[anchor + 1] > p.link_item.size()) return false;
    for (std::size_t e = p.link_begin[anchor]; e < p.link_begin[anchor + 1]; ++e) {
      if (p.link_item[e] >= p.items || (e > p.link_begin[anchor] && p.link_item[e] <= p.link_item[e - 1])) return false;
    }
  }
  return true;
}

bool fits(const ChainParameters& p, std::size_t items, std::size_t groups, std::size_t attribute_size) {
  return p.items == items && p.groups == groups && p.attribute_size == attribute_size && p.length > 0 &&
         p.length < items && holds(p.item_bias, items) && holds(p.group_bias, groups * items) &&
         holds(p.attribute_effect, attribute_size * items) && holds(p.link_strength, p.link_item.size()) &&
         links_fit(p);
}

}  // namespace

void write_worlds(Hdf5File& file, const PopulationLatents& latents) {
  file.make_group(k_root);
  file.write_attribute(k_root, "group_field", std::int64_t{latents.group_field});
  file.write_attribute(k_root, "worlds", static_cast<std::int64_t>(latents.worlds.size()));
  for (std::size_t w = 0; w < latents.worlds.size(); ++w) {
    const World& world = latents.worlds[w];
    const std::string group = fmt::format("{}/{}", k_root, w);
    if (const auto* softmax = std::get_if<SoftmaxParameters>(&world.parameters)) {
      write_softmax(file, group, *softmax);
    } else if (const auto* topics = std::get_if<TopicParameters>(&world.parameters)) {
      write_topics(file, group, *topics);
    } else {
      write_chain(file, group, std::get<ChainParameters>(world.parameters));
    }
    file.write_attribute(group, "kind", std::string_view(world.kind()));
    file.write_attribute(group, "replicate", std::int64_t{world.replicate});
  }
  if (!latents.standard_errors.empty()) {
    write_softmax(file, fmt::format("{}/softmax_standard_errors", k_root), latents.standard_errors[0]);
  }
}

PopulationLatents read_worlds(const Hdf5File& file) {
  PopulationLatents latents;
  latents.group_field = static_cast<std::int32_t>(file.read_integer(k_root, "group_field"));
  const std::size_t count = read_size(file, std::string(k_root), "worlds");
  for (std::size_t w = 0; w < count; ++w) {
    const std::string group = fmt::format("{}/{}", k_root, w);
    const std::string kind = file.read_text(group, "kind");
    World world;
    world.replicate = static_cast<std::uint32_t>(file.read_integer(group, "replicate"));
    if (kind == "softmax") {
      world.parameters = read_softmax(file, group);
    } else if (kind == "topics") {
      world.parameters = read_topics(file, group);
    } else if (kind == "chain") {
      world.parameters = read_chain(file, group);
    } else {
      throw DataError(fmt::format("{} in {} is of the unknown kind '{}'", group, file.path().string(), kind));
    }
    latents.worlds.push_back(std::move(world));
  }
  const std::string errors = fmt::format("{}/softmax_standard_errors", k_root);
  if (file.exists(errors)) latents.standard_errors.push_back(read_softmax(file, errors));
  return latents;
}

bool world_fits(const World& world, std::size_t items, std::size_t groups, std::size_t attribute_size) {
  return std::visit([&](const auto& parameters) { return fits(parameters, items, groups, attribute_size); },
                    world.parameters);
}

}  // namespace coldframe::detail
