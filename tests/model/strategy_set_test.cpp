#include "framework/model/strategy_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/model/bitfit_strategy.h"
#include "framework/model/full_strategy.h"
#include "framework/model/houlsby_strategy.h"
#include "framework/model/ia3_strategy.h"
#include "framework/model/layer_norm_strategy.h"
#include "framework/model/lora_options.h"
#include "framework/model/parallel_strategy.h"
#include "framework/model/partial_strategy.h"
#include "framework/model/vera_strategy.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"
#include "tests/support/strategy_forms.h"

namespace coldframe {
namespace {

using test::options_with;
using test::pack;
using test::same_bits;
using test::StrategyForm;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

/// An encoder with several strategies.
struct Company {
  explicit Company(const std::vector<StrategyForm>& forms, const std::filesystem::path& folder = test::tiny_encoder()) {
    model = std::make_unique<test::Model>(folder);
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    for (const StrategyForm& form : forms) set.add(form.name, registry.require(form.kind).make(*form.options));
    set.attach(*model->encoder, model->parameters, {7, encoder_digest(*model->encoder, model->parameters)});
  }

  void train() {
    for (const ParameterIndex index : model->parameters.trainable()) {
      at::Tensor& value = model->parameters.value(index);
      value.add_(test::golden_uniform(model->parameters.info(index).name, value.sizes(), 0.05));
    }
  }
  void import_from(const std::filesystem::path& folder) { set.import_from(folder, *model->encoder, model->parameters); }

  std::unique_ptr<test::Model> model;
  StrategySet set;
};

template <class Kind>
StrategyForm form(const std::string& name, const std::string& kind, const std::function<void(Kind&)>& change = {}) {
  return {name, kind, options_with<Kind>(change)};
}

StrategyForm lora(const std::function<void(LoraOptions&)>& change = {}) {
  return form<LoraOptions>("lora", "lora", change);
}
StrategyForm bitfit() { return form<BitfitOptions>("bitfit", "bitfit"); }
StrategyForm houlsby() { return form<HoulsbyOptions>("houlsby", "houlsby"); }

std::vector<std::vector<StrategyForm>> companies() {
  return {
      {lora(), bitfit()},
      {bitfit(), lora()},
      {lora(), houlsby()},
      {houlsby(), bitfit(), lora([](LoraOptions& options) { options.init = "pissa"; })},
      {lora([](LoraOptions& options) { options.init = "olora"; }), form<LayerNormOptions>("norms", "layer_norm")},
      {lora(), form<VeraOptions>("vera", "vera"), form<Ia3Options>("ia3", "ia3")},
      {form<Ia3Options>("ia3", "ia3"), lora(), bitfit()},
      {form<LoraOptions>("dora", "dora"), bitfit()},
      {form<LoraOptions>("small", "lora",
                         [](LoraOptions& options) {
                           options.rank = 2;
                           options.targets = {"feed_forward.*"};
                         }),
       form<LoraOptions>("large", "lora"), form<ParallelOptions>("parallel", "parallel")},
      {form<PartialOptions>("top", "partial"), lora([](LoraOptions& options) { options.layers = {0}; })},
      {form<FullOptions>("full", "full", [](FullOptions& options) { options.parameters = {"encoder.layer.1.*"}; }),
       lora([](LoraOptions& options) { options.layers = {0}; })},
  };
}

std::string names_of(const std::vector<StrategyForm>& forms) {
  std::string names;
  for (const StrategyForm& one : forms) names += (names.empty() ? "" : "+") + one.name;
  return names;
}

TEST(StrategySetTest, what_several_learned_is_read_back_whatever_each_did_to_the_encoder) {
  for (const std::vector<StrategyForm>& forms : companies()) {
    const test::ScratchFolder scratch;
    Company one(forms);
    one.train();
    one.set.export_to(scratch.path() / "model", *one.model->encoder, one.model->parameters, test::tiny_encoder());
    for (const StrategyForm& member : forms) {
      EXPECT_TRUE(std::filesystem::is_directory(scratch.path() / "model" / member.name)) << names_of(forms);
    }
    Company fresh(forms);
    fresh.import_from(scratch.path() / "model");
    EXPECT_TRUE(same_bits(fresh.model->embed(pack(k_texts)), one.model->embed(pack(k_texts)))) << names_of(forms);
    EXPECT_FALSE(same_bits(Company(forms).model->embed(pack(k_texts)), one.model->embed(pack(k_texts))));
  }
}

TEST(StrategySetTest, another_encoder_is_refused_by_each) {
  const std::vector<StrategyForm> forms = {lora(), bitfit(), houlsby()};
  const test::ScratchFolder scratch;
  Company one(forms);
  one.train();
  one.set.export_to(scratch.path() / "model", *one.model->encoder, one.model->parameters, test::tiny_encoder());
  for (const StrategyForm& member : forms) {
    test::Model other(test::tiny_encoder());
    other.parameters.value(0)[0][0] += 1;
    other.attach(member.kind, *member.options);
    const auto folder = scratch.path() / "model" / member.name;
    EXPECT_THAT(
        test::message_of<DataError>([&] { other.strategy->import_from(folder, *other.encoder, other.parameters); }),
        HasSubstr("other weights"))
        << member.name;
  }
}

TEST(StrategySetTest, merging_folds_all_that_folds_and_names_the_rest) {
  for (const std::vector<StrategyForm>& forms : companies()) {
    Company one(forms);
    one.train();
    const at::Tensor before = one.model->embed(pack(k_texts));
    const std::vector<std::string> left = one.set.merge(*one.model->encoder, one.model->parameters);
    EXPECT_LT((one.model->embed(pack(k_texts)) - before).abs().max().item<double>(), 1e-5) << names_of(forms);
    const bool bottleneck =
        names_of(forms).find("houlsby") != std::string::npos || names_of(forms).find("parallel") != std::string::npos;
    EXPECT_EQ(left.empty(), !bottleneck) << names_of(forms);
    if (bottleneck) continue;
    test::Model plain(test::tiny_encoder());
    for (const ParameterIndex index : plain.encoder->parameters())
      plain.parameters.value(index).copy_(one.model->parameters.value(index));
    EXPECT_LT((plain.embed(pack(k_texts)) - before).abs().max().item<double>(), 1e-5)
        << names_of(forms) << ": the merged weights alone are not the function";
  }
}

TEST(StrategySetTest, together_they_train_the_sum_and_what_two_train_counts_once) {
  EXPECT_EQ(Company({lora(), bitfit()}).model->parameters.trainable_count(),
            2 * 2 * 2 * 8 * 64 + 2 * (7 * 64 + 128) + 64);
  const auto alone = Company({houlsby()}).model->parameters.trainable_count();
  // The biases of four LayerNorms are Houlsby's already.
  EXPECT_EQ(Company({houlsby(), bitfit()}).model->parameters.trainable_count(),
            alone + 2 * (7 * 64 + 128) + 64 - 4 * 64);
}

std::string complaint(const std::vector<StrategyForm>& forms) {
  return test::message_of<ConfigError>([&] { Company{forms}; });
}

TEST(StrategySetTest, company_that_makes_no_sense_is_refused) {
  EXPECT_THAT(complaint({lora(), form<LoraOptions>("lora", "lora")}), HasSubstr("strategy.use names lora twice"));
  EXPECT_THAT(complaint({form<FullOptions>("full", "full"), bitfit()}),
              HasSubstr("strategy.use names bitfit beside others (they train all that it trains)"));
  EXPECT_THAT(complaint({bitfit(), form<FullOptions>("full", "full")}), HasSubstr("names bitfit beside others"));
  EXPECT_THAT(complaint({houlsby(), form<ParallelOptions>("parallel", "parallel")}),
              HasSubstr("two strategies change the block"));
  EXPECT_THAT(complaint({lora(), form<LoraOptions>("dora", "dora")}),
              HasSubstr("two strategies change the map layer.0.attention.query"));
  EXPECT_THAT(
      complaint({lora([](LoraOptions& options) { options.targets = {"feed_forward.output"}; }),
                 form<Ia3Options>("ia3", "ia3",
                                  [](Ia3Options& options) { options.input_targets = {"feed_forward.output"}; })}),
      HasSubstr("two strategies change the map layer.0.feed_forward.output"));
  EXPECT_THAT(
      complaint({lora([](LoraOptions& options) { options.init = "pissa"; }), form<PartialOptions>("top", "partial")}),
      HasSubstr("another strategy trains encoder.layer.1.attention.self.query.weight (init = pissa"));
  EXPECT_THAT(complaint({form<LoraOptions>("dora", "dora"), form<PartialOptions>("top", "partial")}),
              HasSubstr("(dora must have it to itself)"));
  EXPECT_THAT(
      complaint({form<FullOptions>("full", "full", [](FullOptions& options) { options.parameters = {"embeddings.*"}; }),
                 lora([](LoraOptions& options) { options.init = "olora"; })}),
      HasSubstr("beside the strategy full"));
}

TEST(StrategySetTest, a_strategy_without_company_may_train_nothing) {
  test::Model model(test::tiny_encoder());
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  StrategySet set;
  const StrategyEntry& frozen = registry.require("frozen");
  set.add("frozen", frozen.make(*frozen.make_options()));
  set.attach(*model.encoder, model.parameters, {});
  EXPECT_THAT(set.merge(*model.encoder, model.parameters), IsEmpty());
  set.add("lora", registry.require("lora").make(LoraOptions()));
  test::Model other(test::tiny_encoder());
  EXPECT_THAT(test::message_of<ConfigError>([&] { set.attach(*other.encoder, other.parameters, {}); }),
              HasSubstr("names frozen beside others (it trains nothing)"));
}

TEST(StrategyEntryTest, every_kind_says_whether_it_merges_and_what_it_saves) {
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  for (const std::string& kind : registry.kinds()) {
    const StrategyEntry& entry = registry.require(kind);
    const std::unique_ptr<Options> options = entry.make_options();
    if (auto* bottleneck = dynamic_cast<BottleneckOptions*>(options.get())) bottleneck->width = 4;
    test::Model model(test::tiny_encoder());
    model.attach(kind, *options);
    EXPECT_EQ(entry.merges, model.strategy->merge(*model.encoder, model.parameters)) << kind;
    EXPECT_FALSE(entry.saved_as.empty()) << kind;
    EXPECT_EQ(kind, model.strategy->kind());
  }
}

}  // namespace
}  // namespace coldframe
