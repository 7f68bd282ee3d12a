#include "framework/training/frozen_prefix.h"

#include <gtest/gtest.h>

#include <cstring>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/training/lane_work.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_bert.h"
#include "tests/support/tiny_taste.h"

namespace coldframe {
namespace {

using testing::TinyModel;
using testing::TinyPart;

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

std::vector<Tokens> texts_of(const testing::TinyTexts& source, std::uint32_t begin, std::uint32_t end) {
  std::vector<Tokens> texts;
  for (std::uint32_t i = begin; i < end; ++i) texts.push_back(source.item(ItemId(i)));
  return texts;
}

PackedBatch batch_of(const std::vector<Tokens>& texts) {
  std::vector<PlannedText> planned;
  for (const Tokens& text : texts) planned.push_back({planned.size(), text});
  return pack(planned, {0, planned.size()});
}

PrefixCacheOptions megabytes(std::int64_t most, const std::string& folder = {}) {
  PrefixCacheOptions options;
  options.megabytes = most;
  options.folder = folder;
  return options;
}

/// A model whose lower layer is frozen, with a cache before its upper one.
struct Cached {
  explicit Cached(Precision precision = Precision::fp32, const std::string& folder = {})
      : model("full", 0.1, TinyPart::upper_layer) {
    model.parameters.compute_in(precision);
    cache = std::make_unique<PrefixCache>("tiny", prefix_row_bytes(*model.encoder, precision), megabytes(50, folder));
    prefix = std::make_unique<FrozenPrefix>(*model.encoder, model.parameters, 1, *cache);
  }

  TinyModel model;
  std::unique_ptr<PrefixCache> cache;
  std::unique_ptr<FrozenPrefix> prefix;
};

TEST(FrozenPrefixTest, rows_are_what_the_encoder_computes_and_are_computed_once) {
  const testing::TinyTexts texts(30);
  const Cached cached;
  const PackedBatch batch = batch_of(texts_of(texts, 4, 20));
  const ParameterView view(cached.model.parameters, false);
  const at::Tensor expected = cached.model.encoder->layer_input({view, batch, {}}, 1, batch.tokens());
  for (int repeat = 0; repeat < 2; ++repeat) {
    const LayerInput input = cached.prefix->input(batch);
    EXPECT_EQ(input.layer, 1);
    EXPECT_LT((input.rows - expected).abs().max().item<float>(), 1e-5f);
  }
  EXPECT_EQ(cached.cache->use().computed, 16u);
  EXPECT_EQ(cached.cache->use().found, 16u);
}

TEST(FrozenPrefixTest, a_text_has_the_same_bits_whatever_is_computed_with_it) {
  const testing::TinyTexts texts(30);
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    const Cached together(precision), apart(precision);
    const PackedBatch all = batch_of(texts_of(texts, 4, 30));
    const at::Tensor rows = together.prefix->input(all).rows;
    for (std::uint32_t i = 30; i-- > 4;) {
      const at::Tensor alone = apart.prefix->input(batch_of(texts_of(texts, i, i + 1))).rows;
      EXPECT_TRUE(same_bits(alone, rows.narrow(0, all.row_offsets[i - 4], alone.size(0)))) << i;
    }
  }
}

TEST(FrozenPrefixTest, more_texts_than_a_pass_holds_take_several) {
  const testing::TinyTexts texts(30);
  const Cached cached;
  std::vector<Tokens> many;
  for (int repeat = 0; repeat < 3; ++repeat) {
    for (const Tokens& text : texts_of(texts, 4, 30)) many.push_back(text);
  }
  const PackedBatch batch = batch_of(many);
  ASSERT_GT(batch.tokens(), 2 * FrozenPrefix::pass_unit());
  const at::Tensor rows = cached.prefix->input(batch).rows;
  const std::int64_t third = batch.tokens() / 3;
  EXPECT_TRUE(same_bits(rows.narrow(0, 0, third), rows.narrow(0, third, third)));
  EXPECT_TRUE(same_bits(rows.narrow(0, 0, third), rows.narrow(0, 2 * third, third)));
}

TEST(FrozenPrefixTest, ranks_share_the_work_of_filling_and_all_have_everything) {
  const testing::TinyTexts texts(300);
  const std::vector<Tokens> all = texts_of(texts, 0, 300);
  const PackedBatch batch = batch_of(texts_of(texts, 4, 300));
  const Cached alone;
  const at::Tensor expected = alone.prefix->input(batch).rows;
  for (const int ranks : {1, 2, 3, 4}) {
    run_virtual_ranks(ranks, [&](const Group& group) {
      const Cached cached;
      LanePool pool(ranks == 1 ? 2 : 1);
      cached.prefix->fill(group, pool, all);
      const at::Tensor rows = cached.prefix->input(batch).rows;
      EXPECT_EQ(cached.cache->use().computed, 0u);
      EXPECT_TRUE(same_bits(rows, expected)) << ranks;
    });
  }
}

TEST(FrozenPrefixTest, a_file_spares_the_filling) {
  const testing::TemporaryFolder folder;
  const testing::TinyTexts texts(30);
  const std::vector<Tokens> all = texts_of(texts, 0, 30);
  LanePool pool(1);
  {
    const Cached first(Precision::bf16, folder.path().string());
    first.prefix->fill(Group(), pool, all);
    EXPECT_EQ(first.cache->use().memory_bytes, 0u) << "it is in the file";
  }
  const Cached later(Precision::bf16, folder.path().string()), fresh(Precision::bf16);
  const PackedBatch batch = batch_of(texts_of(texts, 4, 30));
  EXPECT_TRUE(same_bits(later.prefix->input(batch).rows, fresh.prefix->input(batch).rows));
  EXPECT_EQ(later.cache->use().computed, 0u);
  EXPECT_EQ(fresh.cache->use().computed, 26u);
}

}  // namespace
}  // namespace coldframe
