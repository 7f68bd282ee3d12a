#include "framework/cli/newcomer_noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/cli/missing_field_noise.h"
#include "framework/core/error.h"
#include "framework/text/list_noise.h"

namespace coldframe {
namespace {

constexpr std::string_view k_missing = "missing_fields", k_shuffled = "shuffled_history",
                           k_shortened = "shortened_history";

std::vector<ItemId> first_likes(const ColdStartUser& user, std::size_t shots) {
  const auto history = ColdStartCases::history(user, shots);
  return {history.begin(), history.end()};
}

}  // namespace

std::vector<std::string> noise_kinds() {
  std::vector<std::string> names = text_noise_names();
  for (const std::string_view name : {k_missing, k_shuffled, k_shortened}) names.emplace_back(name);
  return names;
}

bool noise_is_random(std::string_view kind) { return !kind.ends_with("truncation") && kind != k_shortened; }

NewcomerNoise::NewcomerNoise(const ExperimentData& data, const NewcomerSet& newcomers, const TextOptions& text,
                             UserVector rule, const Thesaurus* thesaurus, std::uint64_t seed)
    : data_(data),
      newcomers_(newcomers),
      text_(text),
      rule_(rule),
      noiser_(thesaurus),
      seed_(seed),
      views_(data.dataset, text) {}

NoiseKey NewcomerNoise::key(std::size_t row, std::uint32_t draw) const {
  return {seed_, newcomers_.users()[row].key, draw};
}

NoisyQuery NewcomerNoise::query(const TextViews& views, std::size_t row, std::vector<ItemId> history) const {
  const UserId user = newcomers_.users()[row].user;
  if (rule_ == UserVector::recompose) return {views.user(user, {}, TextUse::evaluation), std::move(history), false};
  const std::vector<ItemId> newest_first(history.rbegin(), history.rend());
  return {views.user(user, newest_first, TextUse::evaluation), {}, false};
}

std::vector<NoisyQuery> NewcomerNoise::clean(std::size_t shots) const {
  std::vector<NoisyQuery> queries;
  const auto& users = newcomers_.cases().users;
  for (std::size_t row = 0; row < users.size(); ++row) {
    queries.push_back(query(views_, row, first_likes(users[row], shots)));
  }
  return queries;
}

EntityTable NewcomerNoise::with_fields_left_out(double severity, std::uint32_t draw) const {
  std::vector<KeyedRow> rows;
  for (std::size_t row = 0; row < newcomers_.users().size(); ++row) {
    rows.push_back({newcomers_.users()[row].user.value(), key(row, draw)});
  }
  return with_missing_fields(data_.dataset.users, text_.user, "text.user", severity, rows);
}

std::vector<NoisyQuery> NewcomerNoise::noisy(const std::string& kind, double severity, std::uint32_t draw,
                                             std::size_t shots) const {
  const std::vector<NoisyQuery> before = clean(shots);
  std::vector<NoisyQuery> queries = before;
  const std::optional<TextNoise> text_kind = text_noise_of(kind);
  if (kind == k_missing) {
    const EntityTable table = with_fields_left_out(severity, draw);
    const TextViews views(table, data_.dataset.items, text_);
    for (std::size_t row = 0; row < queries.size(); ++row) {
      queries[row] = query(views, row, first_likes(newcomers_.cases().users[row], shots));
    }
  } else if (text_kind) {
    const std::size_t prompt = text_.user_prompt.size();
    for (std::size_t row = 0; row < queries.size(); ++row) {
      const std::string_view written = std::string_view(before[row].text).substr(prompt);
      queries[row].text = text_.user_prompt + noiser_.apply(*text_kind, severity, written, key(row, draw)).text;
    }
  } else {
    for (std::size_t row = 0; row < queries.size(); ++row) {
      const std::vector<ItemId> history = first_likes(newcomers_.cases().users[row], shots);
      std::vector<ItemId> changed;
      if (kind == k_shuffled) {
        for (const std::size_t place : shuffled_places(history.size(), severity, key(row, draw))) {
          changed.push_back(history[place]);
        }
      } else {
        const std::size_t left = shortened_length(history.size(), severity);
        changed.assign(history.end() - static_cast<std::ptrdiff_t>(left), history.end());
      }
      queries[row] = query(views_, row, std::move(changed));
    }
  }
  for (std::size_t row = 0; row < queries.size(); ++row) {
    queries[row].changed = queries[row].text != before[row].text || queries[row].history != before[row].history;
  }
  return queries;
}

}  // namespace coldframe
