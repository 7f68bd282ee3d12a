#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "framework/cli/newcomer_vectors.h"
#include "framework/core/clock.h"
#include "framework/evaluation/options.h"
#include "framework/training/lane_pool.h"

namespace coldframe {

/// A trained encoder as it would answer newcomers who come one at a time.
struct ServingSubject {
  const TokenizedTexts& texts;
  const NewcomerSet& newcomers;
  const ItemScores& scores;  // with the vectors of the catalogue, and the prior if there is one
  const Encoder& encoder;
  ParameterStore& parameters;
  LanePool& pool;
  std::int64_t chunk_tokens;
  UserVector rule;
  TieBreak ties;
  std::size_t list_length;
};

/// Latency of up to 200 newcomers with `shots` likes (fewer, at least 20, once it has taken two seconds), one after the
/// other, by this process alone:
///   {users, shots, encode_ms {p50, p99}, rank_ms {p50, p99}, item_vector_bytes, peak_memory_bytes}
/// encode: text to user vector, tokens included; rank: scores of all items and the list. Quantiles are interpolated.
/// Wall-clock numbers: they belong to the machine, and no verdict is made from them.
nlohmann::json serving_cost(const ServingSubject& subject, std::size_t shots, const Clock& clock);

}  // namespace coldframe
