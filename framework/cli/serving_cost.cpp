#include "framework/cli/serving_cost.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/core/process_memory.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {
namespace {

constexpr std::size_t k_most_users = 200;
// Other ranks wait meanwhile, and a large encoder needs no more to be known.
constexpr std::size_t k_enough_users = 20;
constexpr double k_enough_seconds = 2.0;

nlohmann::json quantiles(std::vector<double> seconds) {
  std::ranges::sort(seconds);
  return {{"p50", 1e3 * sorted_quantile(seconds, 0.5)}, {"p99", 1e3 * sorted_quantile(seconds, 0.99)}};
}

}  // namespace

nlohmann::json serving_cost(const ServingSubject& subject, std::size_t shots, const Clock& clock) {
  const Group alone;
  const BulkEncoder encoder(alone, subject.pool, subject.encoder, subject.parameters, subject.chunk_tokens);
  const EncodedTexts& items = subject.scores.items();
  const bool recomposed = subject.rule == UserVector::recompose;
  const VectorTable table = recomposed ? vector_table(items) : VectorTable(0, items.width, {});
  TopItems selector(items.size(), subject.ties);
  std::vector<float> vector(items.width), scores(items.size());
  std::vector<double> encode, rank;
  const auto& users = subject.newcomers.cases().users;
  const double started = clock.seconds();
  for (std::size_t row = 0; row < std::min(users.size(), k_most_users); ++row) {
    const HeldOutUser& newcomer = subject.newcomers.users()[row];
    const std::span<const ItemId> history = ColdStartCases::history(users[row], shots);
    const double begin = clock.seconds();
    if (row > k_enough_users && begin - started > k_enough_seconds) break;
    const std::vector<ItemId> shown =
        recomposed ? std::vector<ItemId>() : std::vector<ItemId>(history.rbegin(), history.rend());
    const EncodedTexts text = encoder.encode({subject.texts.newcomer(newcomer.user, shown)}, "encode one newcomer");
    std::ranges::copy(text.row(0), vector.begin());
    if (recomposed) recompose(text.row(0), table, history, shots, vector);
    const double encoded = clock.seconds();
    subject.scores.score(vector, scores);
    selector.select(newcomer.key, scores, newcomer.masked, subject.list_length);
    const double ranked = clock.seconds();
    if (row == 0) continue;  // the first one pays for what is made once
    encode.push_back(encoded - begin);
    rank.push_back(ranked - encoded);
  }
  if (encode.empty()) return nullptr;
  return {{"users", encode.size()},
          {"shots", shots},
          {"encode_ms", quantiles(std::move(encode))},
          {"rank_ms", quantiles(std::move(rank))},
          {"item_vector_bytes", items.vectors.size() * sizeof(float)},
          {"peak_memory_bytes", peak_memory_bytes()}};
}

}  // namespace coldframe
