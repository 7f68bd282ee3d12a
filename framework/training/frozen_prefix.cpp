#include "framework/training/frozen_prefix.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <unordered_set>

#include "framework/core/error.h"

namespace coldframe {
namespace {

at::TensorOptions row_type(Precision precision) {
  return at::TensorOptions().dtype(precision == Precision::bf16 ? at::kBFloat16 : at::kFloat);
}

std::span<std::byte> bytes_of(const at::Tensor& rows) {
  return {static_cast<std::byte*>(rows.mutable_data_ptr()), rows.nbytes()};
}

const ParameterStore& rounded(ParameterStore& parameters) {
  parameters.round_all();
  return parameters;
}

}  // namespace

std::size_t prefix_row_bytes(const Encoder& encoder, Precision precision) {
  return static_cast<std::size_t>(encoder.width()) * (precision == Precision::bf16 ? 2 : 4);
}

FrozenPrefix::FrozenPrefix(const Encoder& encoder, ParameterStore& parameters, std::int64_t layer, PrefixCache& cache)
    : encoder_(encoder), layer_(layer), cache_(cache), view_(rounded(parameters), /*with_gradients=*/false) {
  CF_EXPECTS(layer > 0 && layer <= encoder.first_trainable_layer(view_));
  CF_EXPECTS(cache.row_bytes() == prefix_row_bytes(encoder, view_.precision()));
}

/// Sorts by (length, name) and cuts into passes of one length class each.
std::vector<FrozenPrefix::Pass> FrozenPrefix::passes_of(std::vector<Text>& texts) {
  std::ranges::sort(texts, {}, [](const Text& text) { return std::tuple(text.length, text.name); });
  std::vector<Pass> passes;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::int64_t rows = (texts[i].length + pass_unit() - 1) / pass_unit() * pass_unit();
    if (passes.empty() || passes.back().rows != rows || passes.back().tokens + texts[i].length > rows) {
      passes.push_back({i, i, 0, rows});
    }
    passes.back().end = i + 1;
    passes.back().tokens += texts[i].length;
  }
  return passes;
}

PrefixChunk FrozenPrefix::compute(const std::vector<Text>& texts, const Pass& pass) const {
  PackedBatch batch;
  PrefixChunk chunk;
  batch.row_offsets.push_back(0);
  for (std::size_t i = pass.begin; i < pass.end; ++i) {
    batch.token_ids.insert(batch.token_ids.end(), texts[i].tokens, texts[i].tokens + texts[i].length);
    batch.row_offsets.push_back(batch.tokens());
    batch.view_keys.push_back(texts[i].name[0]);
    chunk.names.push_back(texts[i].name);
  }
  chunk.row_offsets = batch.row_offsets;
  // A copy: what a pass leaves has rows behind the last token.
  chunk.rows = encoder_.layer_input({view_, batch, DropoutContext{}}, layer_, pass.rows).clone();
  return chunk;
}

LayerInput FrozenPrefix::input(const PackedBatch& batch) const {
  const at::Tensor rows = at::empty({batch.tokens(), encoder_.width()}, row_type(view_.precision()));
  const std::span<std::byte> bytes = bytes_of(rows);
  const auto rows_at = [&](std::int64_t first, std::int64_t length) {
    return bytes.subspan(static_cast<std::size_t>(first) * cache_.row_bytes(),
                         static_cast<std::size_t>(length) * cache_.row_bytes());
  };
  std::vector<Text> missing;
  for (std::size_t n = 0; n < batch.view_keys.size(); ++n) {
    const std::int64_t first = batch.row_offsets[n], length = batch.row_offsets[n + 1] - first;
    const std::int64_t* tokens = batch.token_ids.data() + first;
    const TextName name = text_name({tokens, static_cast<std::size_t>(length)});
    if (!cache_.read(name, rows_at(first, length))) missing.push_back({name, tokens, length});
  }
  cache_.count_computed(missing.size());
  for (const Pass& pass : passes_of(missing)) {
    PrefixChunk chunk = compute(missing, pass);
    for (std::size_t i = pass.begin; i < pass.end; ++i) {
      const std::int64_t from = chunk.row_offsets[i - pass.begin];
      const auto* source = static_cast<const std::byte*>(chunk.rows.const_data_ptr()) +
                           static_cast<std::size_t>(from) * cache_.row_bytes();
      const std::span<std::byte> target = rows_at(missing[i].tokens - batch.token_ids.data(), missing[i].length);
      std::memcpy(target.data(), source, target.size());
    }
    cache_.add(std::move(chunk));
  }
  return {layer_, rows};
}

/// The same list on every rank, repeats once.
std::vector<FrozenPrefix::Text> FrozenPrefix::missing_on_root(const Group& group,
                                                              const std::vector<Tokens>& texts) const {
  std::vector<Text> distinct;
  std::unordered_set<TextName, TextNameHash> seen;
  for (const Tokens& tokens : texts) {
    const Text text{text_name(*tokens), tokens->data(), static_cast<std::int64_t>(tokens->size())};
    if (seen.insert(text.name).second) distinct.push_back(text);
  }
  std::vector<std::byte> wanted(distinct.size());
  std::ranges::transform(distinct, wanted.begin(),
                         [&](const Text& text) { return std::byte{!cache_.contains(text.name)}; });
  broadcast(group, 0, wanted);
  std::vector<Text> missing;
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    if (wanted[i] != std::byte{0}) missing.push_back(distinct[i]);
  }
  return missing;
}

void FrozenPrefix::fill(const Group& group, LanePool& pool, const std::vector<Tokens>& texts) const {
  constexpr std::size_t passes_per_rank = 64;
  const auto ranks = static_cast<std::size_t>(group.size()), rank = static_cast<std::size_t>(group.rank());
  std::vector<Text> missing = missing_on_root(group, texts);
  const std::vector<Pass> passes = passes_of(missing);
  std::size_t room = cache_.limit_bytes(), round = ranks * passes_per_rank;
  for (std::size_t begin = 0; begin < passes.size(); begin += round) {
    const std::size_t end = std::min(passes.size(), begin + round);
    std::size_t size = 0;
    for (std::size_t p = begin; p < end; ++p) size += static_cast<std::size_t>(passes[p].tokens) * cache_.row_bytes();
    if (size > room) break;
    room -= size;
    group.report_position("prefix cache", static_cast<std::int64_t>(begin));
    std::vector<PrefixChunk> chunks(end - begin);
    const std::size_t mine = (end - begin + ranks - 1 - rank) / ranks;
    pool.run(mine,
             [&](std::size_t i) { chunks[rank + i * ranks] = compute(missing, passes[begin + rank + i * ranks]); });
    if (ranks > 1) exchange(group, missing, passes, begin, end, chunks);
    for (PrefixChunk& chunk : chunks) cache_.add(std::move(chunk));
  }
  agree_on_errors(group, "prefix cache", [&] {
    if (group.is_root()) cache_.save();
  });
  cache_.share_file();
}

void FrozenPrefix::exchange(const Group& group, const std::vector<Text>& texts, const std::vector<Pass>& passes,
                            std::size_t round_begin, std::size_t round_end, std::vector<PrefixChunk>& chunks) const {
  const auto ranks = static_cast<std::size_t>(group.size()), rank = static_cast<std::size_t>(group.rank());
  std::vector<std::byte> message;
  for (std::size_t c = rank; c < chunks.size(); c += ranks) {
    const std::span<const std::byte> bytes = bytes_of(chunks[c].rows);
    message.insert(message.end(), bytes.begin(), bytes.end());
  }
  const std::vector<std::vector<std::byte>> messages = all_gather(group, message);
  for (std::size_t p = round_begin; p < round_end; ++p) {
    PrefixChunk& chunk = chunks[p - round_begin];
    const std::size_t owner = (p - round_begin) % ranks;
    if (owner == rank) continue;
    chunk.row_offsets.push_back(0);
    for (std::size_t i = passes[p].begin; i < passes[p].end; ++i) {
      chunk.names.push_back(texts[i].name);
      chunk.row_offsets.push_back(chunk.row_offsets.back() + texts[i].length);
    }
    chunk.rows = at::empty({passes[p].tokens, encoder_.width()}, row_type(view_.precision()));
  }
  for (std::size_t owner = 0; owner < ranks; ++owner) {
    std::size_t at = 0;
    for (std::size_t c = owner; owner != rank && c < chunks.size(); c += ranks) {
      const std::span<std::byte> bytes = bytes_of(chunks[c].rows);
      std::memcpy(bytes.data(), messages[owner].data() + at, bytes.size());
      at += bytes.size();
    }
  }
}

}  // namespace coldframe
