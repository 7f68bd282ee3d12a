// What every way of changing linear maps promises, over tests/support/strategy_forms.h.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"
#include "tests/model/scratch_folder.h"
#include "tests/support/strategy_forms.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using test::StrategyForm;
using testing::HasSubstr;

constexpr DropoutContext k_active{.active = true, .seed = 5, .step = 9};
const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

class LinearStrategyTest : public ::testing::TestWithParam<StrategyForm> {
 protected:
  void attach(Model& model) const { model.attach(GetParam().kind, *GetParam().options); }
  /// A model that has learned something.
  void train(Model& model) const {
    attach(model);
    for (const ParameterIndex index : model.parameters.trainable()) {
      at::Tensor& value = model.parameters.value(index);
      value.add_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), 0.05));
    }
  }
  void export_model(const Model& model) const {
    model.strategy->export_to(folder(), *model.encoder, model.parameters, base());
  }
  void import_into(Model& model) const { model.strategy->import_from(folder(), *model.encoder, model.parameters); }
  std::filesystem::path folder() const { return scratch_.path() / "model"; }
  static std::filesystem::path base() { return test::tiny_encoder(GetParam().family); }

  test::ScratchFolder scratch_;
};

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_P(LinearStrategyTest, starts_as_the_pretrained_encoder) {
  const Model plain(base());
  Model model(base());
  attach(model);
  const PackedBatch batch = pack(k_texts);
  EXPECT_LT(difference(model.embed(batch), plain.embed(batch)), 2e-6);
  if (GetParam().start == test::Start::pretrained_bits) {
    EXPECT_TRUE(same_bits(model.embed(batch), plain.embed(batch)));
    EXPECT_TRUE(same_bits(model.embed(batch, k_active), plain.embed(batch, k_active))) << "another mask was shifted";
  }
}

TEST_P(LinearStrategyTest, computes_what_peft_computes) {
  const nlohmann::json file =
      test::read_golden(GetParam().family == FamilyKind::bert ? "model_linear.json" : "model_linear_mpnet.json");
  const nlohmann::json& golden = file["forms"].at(GetParam().name);
  Model model(base());
  attach(model);
  for (const auto& [name, setting] : golden["values"].items()) {
    at::Tensor& value = model.parameters.value(model.parameters.require(name));
    value.mul_(setting[0].get<double>()).add_(test::golden_uniform(name, value.sizes(), setting[1].get<double>()));
  }
  test::expect_golden_answers(model, file["texts"], golden);
}

TEST_P(LinearStrategyTest, merges_to_the_same_function) {
  Model model(base());
  train(model);
  const PackedBatch batch = pack(k_texts);
  const at::Tensor before = model.embed(batch);
  EXPECT_GT(difference(before, Model(base()).embed(batch)), 1e-3);
  ASSERT_TRUE(model.strategy->merge(*model.encoder, model.parameters));
  EXPECT_LT(difference(model.embed(batch), before), 1e-5);
  Model merged(base());
  for (const ParameterIndex index : merged.encoder->parameters()) {
    merged.parameters.value(index).copy_(
        model.parameters.value(model.parameters.require(merged.parameters.info(index).name)));
  }
  EXPECT_LT(difference(merged.embed(batch), before), 1e-5) << "the merged weights alone are not the function";
  const at::Tensor once = model.embed(batch);
  ASSERT_TRUE(model.strategy->merge(*model.encoder, model.parameters));
  EXPECT_TRUE(same_bits(model.embed(batch), once)) << "merging twice changed something";
}

TEST_P(LinearStrategyTest, reads_back_what_it_wrote) {
  Model trained(base());
  train(trained);
  export_model(trained);
  Model fresh(base());
  attach(fresh);
  import_into(fresh);
  for (std::size_t i = 0; i < trained.parameters.size(); ++i) {
    const auto index = static_cast<ParameterIndex>(i);
    EXPECT_TRUE(same_bits(fresh.parameters.value(index), trained.parameters.value(index)))
        << trained.parameters.info(index).name;
  }
  EXPECT_TRUE(same_bits(fresh.embed(pack(k_texts)), trained.embed(pack(k_texts))));
}

TEST_P(LinearStrategyTest, refuses_another_base_and_every_other_kind) {
  Model trained(base());
  train(trained);
  export_model(trained);
  Model other(base());
  other.parameters.value(0)[0][0] += 1;
  attach(other);
  EXPECT_THAT(test::message_of<DataError>([&] { import_into(other); }), HasSubstr("other weights"));
  for (const StrategyForm& form : test::strategy_forms()) {
    if (form.kind == GetParam().kind) continue;
    Model model(base());
    model.attach(form.kind, *form.options);
    EXPECT_THAT(test::message_of<DataError>([&] { import_into(model); }), HasSubstr("adapter_config.json"))
        << form.name;
  }
}

TEST_P(LinearStrategyTest, gradients_with_dropout_match_finite_differences) {
  Model model(base());
  train(model);
  // PEFT's gradients hold the norms constant too: the goldens check those.
  const bool constant = GetParam().backward == test::Backward::of_constant_norms;
  EXPECT_GT(test::expect_slopes(model, pack(k_texts), k_active, constant ? "magnitude" : ""), 1);
}

INSTANTIATE_TEST_SUITE_P(LinearMaps, LinearStrategyTest,
                         ::testing::ValuesIn(test::on_every_family(test::strategy_forms())), test::FormName());

}  // namespace
}  // namespace coldframe
