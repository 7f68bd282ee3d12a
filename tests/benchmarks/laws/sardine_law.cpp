#include "tests/benchmarks/laws/sardine_law.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/detail/vector_exp.h"

namespace coldframe::bench {
namespace {

constexpr std::size_t k_largest_page = 32;

double length(std::span<const double> values) {
  return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

}  // namespace

SardineLaw::SardineLaw(const SardineOptions& options, std::span<const double> embeddings, const GivenPages& pages,
                       std::uint64_t seed)
    : options_(options), pages_(pages), births_(seed, Purpose::population), clicks_(seed, Purpose::attraction) {
  const bool fits = embeddings.size() == options.items * options.topics && options.slate <= k_largest_page &&
                    options.topics <= SardineUser::k_topics && options.recent <= SardineUser::k_recent &&
                    pages.size() == options.slate;
  if (!fits) throw DataError("sizes of the law do not fit", "items, topics, page or recent clicks");
  double longest = 0;
  for (std::size_t i = 0; i < options.items; ++i) {
    longest = std::max(longest, length(embeddings.subspan(i * options.topics, options.topics)));
  }
  for (std::size_t i = 0; i < options.items; ++i) {
    const std::span<const double> item = embeddings.subspan(i * options.topics, options.topics);
    begin_.push_back(static_cast<std::uint32_t>(terms_.size()));
    for (std::uint32_t t = 0; t < item.size(); ++t) {
      if (item[t] != 0) terms_.push_back({t, item[t] / longest});
    }
    means_.push_back(std::accumulate(item.begin(), item.end(), 0.0) / static_cast<double>(item.size()));
    main_.push_back(static_cast<std::uint8_t>(std::max_element(item.begin(), item.end()) - item.begin()));
  }
  begin_.push_back(static_cast<std::uint32_t>(terms_.size()));
  for (std::size_t k = 0; k < options.slate; ++k) {
    looks_.push_back(std::pow(options.click_prop, static_cast<double>(k)));
  }
}

SardineUser SardineLaw::born(std::span<const double> taste) const {
  SardineUser user;
  std::copy(taste.begin(), taste.end(), user.taste.begin());
  user.timeout.fill(static_cast<std::uint8_t>(options_.window));
  return user;
}

/// Three to five topics, uniform weights, length 1.
SardineUser SardineLaw::drawn(UserKey key) const {
  const std::size_t topics = options_.topics;
  std::array<double, SardineUser::k_topics> taste{};
  const auto uniform = [&](std::uint32_t round, std::size_t topic) {
    return uniform_double(births_.block(key, 0, round, static_cast<std::uint32_t>(topic / 4))[topic % 4]);
  };
  std::uint32_t mask = 0;
  for (std::uint32_t round = 1; std::popcount(mask) < 3 || std::popcount(mask) > 5; ++round) {
    mask = 0;
    for (std::size_t t = 0; t < topics; ++t) {
      if (uniform(round, t) > 1.0 - 4.0 / static_cast<double>(topics)) mask |= 1u << t;
    }
  }
  for (std::size_t t = 0; t < topics; ++t) taste[t] = (mask >> t & 1u) != 0 ? uniform(0, t) : 0.0;
  const double norm = length(taste);
  for (double& value : taste) value /= norm;
  return born(taste);
}

void SardineLaw::weigh(const SardineUser& user, std::span<const std::uint32_t> page,
                       std::span<double> probabilities) const {
  std::array<std::uint8_t, SardineUser::k_topics> alike{};
  std::uint32_t most = 0;
  const bool fits = user.bored == 0;
  for (std::size_t k = 0; k < page.size(); ++k) {
    const std::uint32_t item = page[k];
    double score = 0;
    for (std::uint32_t at = begin_[item]; fits && at < begin_[item + 1]; ++at) {
      score += terms_[at].value * user.taste[terms_[at].topic];
    }
    probabilities[k] = (options_.offset - score) * options_.slope;
    most = std::max<std::uint32_t>(most, ++alike[main_[item]]);
  }
  detail::exp_all(probabilities.first(page.size()));
  const double divisor = most >= options_.penalty_from ? options_.penalty : 1.0;
  for (std::size_t k = 0; k < page.size(); ++k) {
    probabilities[k] = looks_[k] / ((1.0 + probabilities[k]) * divisor);
  }
}

void SardineLaw::after(SardineUser& user, std::span<const std::uint32_t> page,
                       std::span<const std::uint8_t> clicks) const {
  double mean = 0;
  std::uint32_t count = 0;
  for (std::size_t k = 0; k < page.size(); ++k) {
    if (clicks[k] == 0) continue;
    const std::size_t at = (user.first + user.clicks) % options_.recent;
    if (user.clicks == options_.recent) {
      user.first = (user.first + 1) % options_.recent;
    } else {
      ++user.clicks;
    }
    user.topic[at] = main_[page[k]];
    user.step[at] = user.time;
    mean += means_[page[k]];
    ++count;
  }
  ++user.time;
  while (user.clicks > 0 && user.step[user.first] + options_.window < user.time) {
    user.first = (user.first + 1) % options_.recent;
    --user.clicks;
  }
  for (std::uint32_t left = user.bored; left != 0; left &= left - 1) {
    const auto topic = static_cast<std::size_t>(std::countr_zero(left));
    if (--user.timeout[topic] != 0) continue;
    user.bored &= ~(1u << topic);
    user.timeout[topic] = static_cast<std::uint8_t>(options_.window);
  }
  if (user.clicks >= options_.boredom) {
    std::array<std::uint8_t, SardineUser::k_topics> seen{};
    for (std::size_t c = 0; c < user.clicks; ++c) {
      const std::uint8_t topic = user.topic[(user.first + c) % options_.recent];
      if (++seen[topic] >= options_.boredom) user.bored |= 1u << topic;
    }
  }
  if (count > 0 && options_.omega != 1.0) move_taste(user, mean / count);
}

void SardineLaw::move_taste(SardineUser& user, double mean) const {
  const std::span<double> taste = std::span(user.taste).first(options_.topics);
  for (double& value : taste) value = options_.omega * value + (1.0 - options_.omega) * mean;
  const double norm = 1.0 / length(taste);
  for (double& value : taste) value *= norm;
}

void SardineLaw::live(std::uint64_t first, std::span<UserRow> rows) const {
  std::array<double, k_largest_page> probabilities{};
  std::array<std::uint8_t, k_largest_page> clicks{};
  for (std::size_t u = 0; u < rows.size(); ++u) {
    const UserKey key(first + u);
    UserRow row{first + u, options_.steps, 0, 0};
    SardineUser user = drawn(key);
    for (std::uint32_t step = 0; step <= options_.steps; ++step) {
      const std::span<const std::uint32_t> page = pages_.page(key.value(), step);
      weigh(user, page, probabilities);
      PhiloxBlock words{};
      double expected = 0;
      std::uint32_t clicked = 0;
      for (std::size_t k = 0; k < page.size(); ++k) {
        if (k % 4 == 0) words = clicks_.block(key, 0, step, static_cast<std::uint32_t>(k / 4));
        clicks[k] = static_cast<std::uint8_t>(uniform_double(words[k % 4]) < probabilities[k]);
        clicked += clicks[k];
        expected += probabilities[k];
      }
      after(user, page, clicks);
      if (step == 0) continue;  // the page of birth
      row.clicks += clicked;
      row.expected += FixedSum::to_fixed(expected);
    }
    rows[u] = row;
  }
}

}  // namespace coldframe::bench
