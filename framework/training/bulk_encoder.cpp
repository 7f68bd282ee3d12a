#include "framework/training/bulk_encoder.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "framework/training/lane_work.h"

namespace coldframe {
namespace {

/// A plan with one lane holds exactly what is wanted: distinct texts by (length, hash), cut at chunk_tokens.
TextPlanBuilder::Result canonical_chunks(const std::vector<Tokens>& texts, std::int64_t chunk_tokens,
                                         std::vector<std::size_t>& tickets) {
  TextPlanBuilder builder;
  for (const Tokens& text : texts) tickets.push_back(builder.add(Tower::item, text));
  return std::move(builder).build(1, chunk_tokens);
}

}  // namespace

BulkEncoder::BulkEncoder(const Group& group, LanePool& pool, const Encoder& encoder, ParameterStore& parameters,
                         std::int64_t chunk_tokens)
    : group_(group), pool_(pool), encoder_(encoder), parameters_(parameters), chunk_tokens_(chunk_tokens) {}

EncodedTexts BulkEncoder::encode(const std::vector<Tokens>& texts, std::string_view phase, std::int64_t step) const {
  const auto width = static_cast<std::size_t>(encoder_.width());
  std::vector<std::size_t> tickets;
  const auto [plan, row_of] = canonical_chunks(texts, chunk_tokens_, tickets);
  const std::vector<TextRange>& chunks = plan.lanes[0].micro_batches;
  const auto ranks = static_cast<std::size_t>(group_.size());
  const auto rank = static_cast<std::size_t>(group_.rank());
  group_.report_position(phase, step);

  parameters_.round_all();
  AlignedBuffer distinct(plan.texts.size() * width);
  const std::size_t mine = (chunks.size() + ranks - 1 - rank) / ranks;  // chunks rank, rank + ranks, ...
  std::mutex counting;
  std::size_t done = 0;
  pool_.run(mine, [&](std::size_t i) {
    const at::NoGradGuard no_grad;
    const TextRange range = chunks[rank + i * ranks];
    const ParameterView view(parameters_, /*with_gradients=*/false);
    const PackedBatch batch = pack(plan.texts, range);
    const at::Tensor rows = encoder_.forward({view, batch, DropoutContext{}}).contiguous();
    std::memcpy(distinct.data() + range.begin * width, rows.data_ptr<float>(),
                batch.view_keys.size() * width * sizeof(float));
    const std::scoped_lock lock(counting);
    done += batch.view_keys.size();
    if (progress_) progress_(std::min(done * ranks, plan.texts.size()), plan.texts.size());
  });
  if (ranks > 1) {
    std::vector<std::byte> message;
    for (std::size_t c = rank; c < chunks.size(); c += ranks) {
      const auto rows =
          std::as_bytes(distinct.span().subspan(chunks[c].begin * width, (chunks[c].end - chunks[c].begin) * width));
      message.insert(message.end(), rows.begin(), rows.end());
    }
    const std::vector<std::vector<std::byte>> messages = all_gather(group_, message);
    for (std::size_t from = 0; from < ranks; ++from) {
      std::size_t at = 0;
      for (std::size_t c = from; c < chunks.size(); c += ranks) {
        const std::size_t size = (chunks[c].end - chunks[c].begin) * width * sizeof(float);
        std::memcpy(distinct.data() + chunks[c].begin * width, messages[from].data() + at, size);
        at += size;
      }
    }
  }
  EncodedTexts result{width, AlignedBuffer(texts.size() * width)};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::memcpy(result.vectors.data() + i * width, distinct.data() + row_of[tickets[i]] * width, width * sizeof(float));
  }
  return result;
}

}  // namespace coldframe
