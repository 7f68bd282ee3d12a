// Writes the texts that benchmarks train on and encode, as training sees them with default options:
//
//   movielens_pairs --store ml-100k.h5 --pairs 2048 --output pairs.tsv --catalogue catalogue.txt [--validation v.tsv]
//
// A pair is a profile with up to five liked titles, and an item that the user liked; the catalogue is the text of every
// item. A line of --validation is a newcomer of role V as evaluated at k = 0: profile, then lines of the catalogue
// (counted from 0) that are not ranked, then those that are to be found.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>

#include "framework/core/error.h"
#include "framework/data/cold_start.h"
#include "framework/data/data_options.h"
#include "framework/data/dataset_store.h"
#include "framework/data/pair_sampler.h"
#include "framework/data/text_views.h"
#include "tests/benchmarks/job_main.h"

namespace coldframe::bench {
namespace {

struct PairsOptions final : Options {
  std::string store, output, catalogue, validation;
  std::int64_t pairs = 2048, seed = 1;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "store", .doc = "dataset store written by coldframe import"}, store);
    visitor.visit({.name = "output", .doc = "file for the pairs, two texts per line"}, output);
    visitor.visit({.name = "catalogue", .doc = "file for the texts of all items, one per line"}, catalogue);
    visitor.visit({.name = "validation", .doc = "file for the newcomers of role V; empty: none"}, validation);
    visitor.visit({.name = "pairs", .doc = "how many", .minimum = 1}, pairs);
    visitor.visit({.name = "seed", .doc = "of the order and the views"}, seed);
  }
};

std::string one_line(const std::string& text) {
  if (text.find_first_of("\t\n\r") == std::string::npos) return text;
  throw DataError(fmt::format("a text has a tab or a line break: {}", text), "a line of the file holds two texts");
}

std::vector<UserLikes> training_users(const Dataset& dataset) {
  const DataOptions options;
  const Roles roles(dataset, options.roles);
  const Likes likes(dataset, options.likes);
  std::vector<UserLikes> users;
  for (const UserId user : roles.users(Role::train)) {
    const std::span<const ItemId> of = likes.of(user);
    users.push_back({user, dataset.user_key(user), {of.begin(), of.end()}});
  }
  return users;
}

std::string item_lines(std::span<const ItemId> items) {
  std::vector<std::uint32_t> lines;
  for (const ItemId item : items) lines.push_back(item.value());
  return fmt::format("{}", fmt::join(lines, " "));
}

void write_validation(const Dataset& dataset, const TextViews& texts, const std::string& path) {
  const DataOptions options;
  const Roles roles(dataset, options.roles);
  const std::vector<UserId> users = roles.users(Role::validate);
  std::ofstream file(path);
  for (const ColdStartUser& user : make_cold_start_cases(Likes(dataset, options.likes), users).users) {
    file << one_line(texts.user(user.user, {}, TextUse::evaluation)) << '\t' << item_lines(user.support) << '\t'
         << item_lines(user.targets) << '\n';
  }
  if (!file.flush()) throw IoError("cannot write the newcomers");
}

void write_texts(const PairsOptions& options) {
  const Dataset dataset = read_dataset(options.store);
  const TextViews texts(dataset, TextOptions());
  const PairSampler sampler(training_users(dataset), {0, 0, 1, 3, 5}, static_cast<std::uint64_t>(options.seed));
  std::ofstream pairs(options.output), catalogue(options.catalogue);
  for (const TrainingPair& pair : sampler.pairs(0, static_cast<std::size_t>(options.pairs))) {
    pairs << one_line(texts.user(pair.user, pair.history, TextUse::training)) << '\t'
          << one_line(texts.item(pair.positive)) << '\n';
  }
  for (std::uint32_t i = 0; i < dataset.items.size(); ++i) catalogue << one_line(texts.item(ItemId(i))) << '\n';
  if (!options.validation.empty()) write_validation(dataset, texts, options.validation);
  if (!pairs.flush() || !catalogue.flush()) throw IoError("cannot write the texts");
}

}  // namespace
}  // namespace coldframe::bench

int main(int argument_count, char** arguments) {
  using namespace coldframe;
  bench::PairsOptions options;
  return bench::job_main(argument_count, arguments, options, [&] { bench::write_texts(options); });
}
