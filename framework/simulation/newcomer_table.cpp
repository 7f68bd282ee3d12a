#include "framework/simulation/newcomer_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"
#include "framework/simulation/newcomers.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_chunk_rows = 1 << 16;

void write_profiles(Hdf5File& file, const PopulationObservables& known) {
  std::vector<std::string> texts;
  for (const Profile& profile : known.pool) texts.push_back(profile.text);
  file.make_group("/profiles");
  file.write_strings("/profiles/text", texts);
  for (std::size_t f = 0; f < known.law.fields().size(); ++f) {
    std::vector<std::string> values;
    for (const Profile& profile : known.pool) values.push_back(profile.attributes.values[f]);
    std::string column = "/profiles/" + known.law.fields()[f].name;
    while (file.exists(column)) column += '_';
    file.write_strings(column, values);
  }
}

}  // namespace

void write_newcomer_table(const std::filesystem::path& path, const Population& population, std::uint64_t first,
                          std::uint64_t count, const std::function<void(std::uint64_t rows)>& progress,
                          const PopulationMix* mix) {
  if (population.latents.worlds.empty())
    throw DataError("population without a world", {}, "write the population again");
  const Newcomers newcomers(population, population.latents.worlds.front(), 1.0, nullptr, mix);
  AtomicFile target(path);
  Hdf5File file = Hdf5File::create(target.temporary());
  file.write_attribute("/", "format", std::string_view("coldframe newcomers"));
  file.write_attribute("/", "format_version", std::int64_t{1});
  file.write_attribute("/", "seed", static_cast<std::int64_t>(population.seed));
  file.write_attribute("/", "licence", std::string_view(population.licence));
  file.make_group("/newcomers");
  write_profiles(file, population.observables);
  std::vector<std::uint64_t> number;
  std::vector<std::int64_t> arrival;
  std::vector<std::uint32_t> period, profile;
  for (std::uint64_t done = 0; done < count;) {
    const std::uint64_t rows = std::min(k_chunk_rows, count - done);
    number.clear();
    arrival.clear();
    period.clear();
    profile.clear();
    for (std::uint64_t row = 0; row < rows; ++row) {
      const Newcomer who = newcomers.newcomer(first + done + row);
      number.push_back(who.number);
      arrival.push_back(who.arrival);
      period.push_back(who.period);
      profile.push_back(who.profile);
    }
    file.append<std::uint64_t>("/newcomers/number", number);
    file.append<std::int64_t>("/newcomers/arrival", arrival);
    file.append<std::uint32_t>("/newcomers/period", period);
    file.append<std::uint32_t>("/newcomers/profile", profile);
    done += rows;
    if (progress) progress(done);
  }
  file.close();
  target.commit();
}

}  // namespace coldframe
