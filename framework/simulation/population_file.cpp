#include "framework/simulation/population_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/data/hdf5_file.h"
#include "framework/simulation/detail/item_table_file.h"
#include "framework/simulation/detail/world_file.h"

namespace coldframe {
namespace {

constexpr std::string_view k_format = "coldframe population";
constexpr std::string_view k_synthetic_items = "/items/synthetic";
constexpr std::string_view k_identifiability[] = {"fitted", "assumed", "not identifiable"};

[[noreturn]] void damaged(const Hdf5File& file, std::string_view what) {
  throw DataError(fmt::format("{} is damaged", file.path().string()), what, "write the population again");
}

void write_law(Hdf5File& file, const AttributeLaw& law) {
  std::vector<std::string> names;
  for (std::size_t f = 0; f < law.fields().size(); ++f) {
    const AttributeField& field = law.fields()[f];
    const std::string group = fmt::format("/observables/attributes/{}", f);
    names.push_back(field.name);
    file.make_group(group);
    file.write_attribute(group, "scale",
                         std::string_view(field.scale == AttributeScale::banded ? "banded" : "category"));
    file.write_attribute(group, "parent", std::int64_t{field.parent});
    file.write_strings(group + "/levels", field.levels);
    file.write(group + "/edges", field.edges);
    file.write(group + "/margin", field.margin);
    file.write(group + "/conditional", field.conditional);
  }
  file.write_strings("/observables/attribute_names", names);
}

AttributeLaw read_law(const Hdf5File& file) {
  std::vector<AttributeField> fields;
  for (std::string& name : file.read_strings("/observables/attribute_names")) {
    const std::string group = fmt::format("/observables/attributes/{}", fields.size());
    AttributeField field;
    field.name = std::move(name);
    field.scale = file.read_text(group, "scale") == "banded" ? AttributeScale::banded : AttributeScale::category;
    field.parent = static_cast<std::int32_t>(file.read_integer(group, "parent"));
    field.levels = file.read_strings(group + "/levels");
    field.edges = file.read<std::int64_t>(group + "/edges");
    field.margin = file.read<double>(group + "/margin");
    field.conditional = file.read<double>(group + "/conditional");
    fields.push_back(std::move(field));
  }
  return AttributeLaw(std::move(fields));
}

void write_pool(Hdf5File& file, const std::vector<Profile>& pool, std::size_t fields) {
  std::vector<std::uint16_t> levels;
  std::vector<std::string> values;
  std::vector<std::string> texts;
  std::vector<std::uint64_t> hashes;
  for (const Profile& profile : pool) {
    levels.insert(levels.end(), profile.attributes.levels.begin(), profile.attributes.levels.end());
    values.insert(values.end(), profile.attributes.values.begin(), profile.attributes.values.end());
    texts.push_back(profile.text);
    hashes.push_back(profile.text_hash);
  }
  file.write_matrix<std::uint16_t>("/observables/pool/levels", levels, fields);
  file.write_strings("/observables/pool/values", values);
  file.write_strings("/observables/pool/texts", texts);
  file.write("/observables/pool/text_hashes", hashes);
}

std::vector<Profile> read_pool(const Hdf5File& file, const AttributeLaw& law) {
  const std::size_t fields = law.fields().size();
  const auto levels = file.read<std::uint16_t>("/observables/pool/levels");
  std::vector<std::string> values = file.read_strings("/observables/pool/values");
  std::vector<std::string> texts = file.read_strings("/observables/pool/texts");
  const auto hashes = file.read<std::uint64_t>("/observables/pool/text_hashes");
  if (texts.empty() || hashes.size() != texts.size() || levels.size() != texts.size() * fields ||
      values.size() != levels.size()) {
    damaged(file, "its profile pool has columns of different lengths");
  }
  std::vector<Profile> pool(texts.size());
  for (std::size_t row = 0; row < pool.size(); ++row) {
    if (stable_hash(texts[row]) != hashes[row]) damaged(file, fmt::format("the text of profile {} was changed", row));
    pool[row].text = std::move(texts[row]);
    pool[row].text_hash = hashes[row];
    for (std::size_t f = 0; f < fields; ++f) {
      const std::uint16_t level = levels[row * fields + f];
      if (level >= law.fields()[f].levels.size()) damaged(file, fmt::format("profile {} has an unknown level", row));
      pool[row].attributes.levels.push_back(level);
      pool[row].attributes.values.push_back(std::move(values[row * fields + f]));
    }
  }
  return pool;
}

void write_card(Hdf5File& file, const std::vector<CardEntry>& card) {
  std::vector<std::string> names, kinds, values, evidence;
  for (const CardEntry& entry : card) {
    names.push_back(entry.name);
    kinds.emplace_back(k_identifiability[static_cast<std::size_t>(entry.identifiability)]);
    values.push_back(entry.value);
    evidence.push_back(entry.evidence);
  }
  file.write_strings("/card/names", names);
  file.write_strings("/card/identifiability", kinds);
  file.write_strings("/card/values", values);
  file.write_strings("/card/evidence", evidence);
}

std::vector<CardEntry> read_card(const Hdf5File& file) {
  const auto names = file.read_strings("/card/names");
  const auto kinds = file.read_strings("/card/identifiability");
  const auto values = file.read_strings("/card/values");
  const auto evidence = file.read_strings("/card/evidence");
  if (kinds.size() != names.size() || values.size() != names.size() || evidence.size() != names.size()) {
    damaged(file, "its card has columns of different lengths");
  }
  std::vector<CardEntry> card;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto kind = std::find(std::begin(k_identifiability), std::end(k_identifiability), kinds[i]);
    if (kind == std::end(k_identifiability))
      damaged(file, fmt::format("card entry '{}' is of no known kind", names[i]));
    card.push_back(
        {names[i], static_cast<Identifiability>(kind - std::begin(k_identifiability)), values[i], evidence[i]});
  }
  return card;
}

void write_all(Hdf5File& file, const Population& p) {
  file.write_attribute("/", "format", k_format);
  file.write_attribute("/", "format_version", k_population_format_version);
  file.write_attribute("/", "seed", static_cast<std::int64_t>(p.seed));
  file.write_attribute("/", "data_name", std::string_view(p.data_name));
  file.write_attribute("/", "data_sha256", std::string_view(p.data_checksum));
  file.write_attribute("/", "licence", std::string_view(p.licence));
  file.make_group("/observables");
  file.write_attribute("/observables", "profile_template", std::string_view(p.observables.profile_template));
  if (!p.observables.evaluation_template.empty()) {
    file.write_attribute("/observables", "evaluation_template", std::string_view(p.observables.evaluation_template));
  }
  file.write_attribute("/observables", "start", p.observables.start);
  file.write_attribute("/observables", "period_seconds", p.observables.period_seconds);
  file.write_attribute("/observables", "users_per_period", p.observables.users_per_period);
  write_law(file, p.observables.law);
  write_pool(file, p.observables.pool, p.observables.law.fields().size());
  detail::write_worlds(file, p.latents);
  file.make_group("/roles/W");
  file.write_attribute("/roles/W", "owner", std::string_view(p.world_users.owner));
  file.write_attribute("/roles/W", "sha256", std::string_view(p.world_users.fingerprint));
  file.write("/roles/W/member_keys", p.world_users.keys);
  file.write_strings("/items/id", p.item_ids);
  file.write("/items/world_popularity", p.world_popularity);
  if (p.synthetic_items.size() > 0) detail::write_item_table(file, k_synthetic_items, p.synthetic_items);
  write_card(file, p.card);
}

void check_shapes(const Hdf5File& file, const Population& p) {
  const std::size_t items = p.item_ids.size();
  const std::int32_t group = p.latents.group_field;
  const auto fields = static_cast<std::int32_t>(p.observables.law.fields().size());
  if (p.observables.users_per_period < 1 || !(p.observables.period_seconds > 0))
    damaged(file, "its calendar is impossible");
  if (group < -1 || group >= fields) damaged(file, "its group is no attribute");
  if (p.latents.worlds.empty() || p.world_popularity.size() != items)
    damaged(file, "worlds and items do not fit together");
  const std::vector<std::string>& added = p.synthetic_items.ids;
  if (added.size() > items || !std::equal(added.rbegin(), added.rend(), p.item_ids.rbegin()))
    damaged(file, "its synthetic items are not its last ones");
  const std::size_t groups = group < 0 ? 1 : p.observables.law.fields()[static_cast<std::size_t>(group)].levels.size();
  for (const World& world : p.latents.worlds) {
    if (!detail::world_fits(world, items, groups, p.observables.law.encoded_size())) {
      damaged(file, fmt::format("world {} has tables of other sizes than its items and attributes", world.name()));
    }
  }
}

}  // namespace

void write_population(const std::filesystem::path& path, const Population& population) {
  AtomicFile target(path);
  Hdf5File file = Hdf5File::create(target.temporary());
  write_all(file, population);
  file.close();
  target.commit();
}

Population read_population(const std::filesystem::path& path) {
  if (path.empty()) {
    throw ConfigError("population.path is missing", "no population is named",
                      "give the file that `coldframe population` wrote");
  }
  const Hdf5File file = Hdf5File::open(path);
  const bool record = file.has_attribute("/", "kind");  // of a run or a simulation, whose format is a number
  if (record || !file.has_attribute("/", "format") || file.read_text("/", "format") != k_format) {
    throw DataError(fmt::format("{} is not a population", path.string()), "another HDF5 file",
                    "make one with coldframe population");
  }
  const std::int64_t version = file.read_integer("/", "format_version");
  if (version != k_population_format_version) {
    throw DataError(fmt::format("{} has population format {}", path.string(), version),
                    fmt::format("this program reads format {}", k_population_format_version),
                    "write the population again or use the program that wrote it");
  }
  Population p;
  p.seed = static_cast<std::uint64_t>(file.read_integer("/", "seed"));
  p.data_name = file.read_text("/", "data_name");
  p.data_checksum = file.read_text("/", "data_sha256");
  p.licence = file.read_text("/", "licence");
  p.observables.profile_template = file.read_text("/observables", "profile_template");
  if (file.has_attribute("/observables", "evaluation_template")) {
    p.observables.evaluation_template = file.read_text("/observables", "evaluation_template");
  }
  p.observables.start = file.read_integer("/observables", "start");
  p.observables.period_seconds = file.read_number("/observables", "period_seconds");
  p.observables.users_per_period = file.read_integer("/observables", "users_per_period");
  p.observables.law = read_law(file);
  p.observables.pool = read_pool(file, p.observables.law);
  p.latents = detail::read_worlds(file);
  p.world_users.owner = file.read_text("/roles/W", "owner");
  p.world_users.role = Role::world;
  p.world_users.fingerprint = file.read_text("/roles/W", "sha256");
  p.world_users.keys = file.read<std::uint64_t>("/roles/W/member_keys");
  p.item_ids = file.read_strings("/items/id");
  p.world_popularity = file.read<std::uint32_t>("/items/world_popularity");
  if (file.exists(k_synthetic_items)) p.synthetic_items = detail::read_item_table(file, k_synthetic_items);
  p.card = read_card(file);
  check_shapes(file, p);
  return p;
}

}  // namespace coldframe
