// Mixed precision against float32: the same function up to the rounding of bfloat16.

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/norm.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <stdexcept>
#include <utility>

#include "framework/model/encoder.h"
#include "framework/model/encoder_digest.h"
#include "framework/model/rounded_maps.h"
#include "tests/model/encoder_fixture.h"
#include "tests/support/strategy_forms.h"
#include "tests/support/tiny_bert.h"

namespace coldframe {
namespace {

using test::pack;

struct Answer {
  at::Tensor embeddings;
  std::vector<at::Tensor> gradients;  // of every trainable parameter
};

Answer answer(testing::TinyModel& model, Precision precision, const DropoutContext& dropout) {
  model.parameters.compute_in(precision);
  model.parameters.round_all();
  const ParameterView view(model.parameters, true);
  const PackedBatch batch = pack({{4}, {5, 6}, {7, 8, 9, 10, 11}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}});
  Answer result;
  result.embeddings = model.encoder->forward({view, batch, dropout});
  std::vector<at::Tensor> inputs;
  for (const ParameterIndex index : model.parameters.trainable()) inputs.push_back(view[index]);
  const at::Tensor head = test::golden_uniform("head", result.embeddings.sizes());
  result.gradients = torch::autograd::grad({result.embeddings}, inputs, {head}, std::nullopt, false, true);
  return result;
}

double relative(const at::Tensor& a, const at::Tensor& b) {
  return (at::norm(a - b) / (at::norm(b) + 1e-9)).item<double>();
}

class PrecisionTest : public ::testing::TestWithParam<test::StrategyForm> {};

TEST_P(PrecisionTest, bf16_is_fp32_up_to_its_rounding) {
  testing::TinyModel model(GetParam().kind, GetParam().options, 0.1, GetParam().family);
  for (const ParameterIndex index : model.parameters.trainable()) {  // B = 0 would hide half of LoRA
    at::Tensor& value = model.parameters.value(index);
    if (at::norm(value).item<double>() == 0) {
      value.copy_(testing::random_weight(model.parameters.info(index).name, value.sizes().vec()));
    }
  }
  const DropoutContext dropout{.active = true, .seed = 3, .step = 1};
  const Answer exact = answer(model, Precision::fp32, dropout), rounded = answer(model, Precision::bf16, dropout);
  EXPECT_EQ(rounded.embeddings.scalar_type(), at::kFloat);
  EXPECT_LT(relative(rounded.embeddings, exact.embeddings), 0.02);
  EXPECT_GT(relative(rounded.embeddings, exact.embeddings), 1e-5) << "nothing was rounded";
  ASSERT_EQ(exact.gradients.size(), rounded.gradients.size());
  double largest = 0;
  for (const at::Tensor& gradient : exact.gradients) {
    if (gradient.defined()) largest = std::max(largest, at::norm(gradient).item<double>());
  }
  for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
    ASSERT_EQ(exact.gradients[i].defined(), rounded.gradients[i].defined());
    if (!exact.gradients[i].defined()) continue;
    EXPECT_EQ(rounded.gradients[i].scalar_type(), at::kFloat) << "gradients of parameters are summed in float32";
    const double apart = at::norm(rounded.gradients[i] - exact.gradients[i]).item<double>();
    EXPECT_LT(apart, 0.05 * at::norm(exact.gradients[i]).item<double>() + 1e-3 * largest)
        << model.parameters.info(model.parameters.trainable()[i]).name;
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, PrecisionTest,
                         ::testing::Values(test::StrategyForm{"full", "full", nullptr},
                                           test::StrategyForm{"full", "full", nullptr, test::Start::pretrained_bits,
                                                              test::Backward::of_function, FamilyKind::mpnet},
                                           test::StrategyForm{"pfeiffer", "pfeiffer", nullptr}),
                         test::FormName());
INSTANTIATE_TEST_SUITE_P(VirtualTokens, PrecisionTest,
                         ::testing::ValuesIn(test::on_every_family(test::virtual_token_forms())), test::FormName());
INSTANTIATE_TEST_SUITE_P(LinearMaps, PrecisionTest, ::testing::ValuesIn(test::on_every_family(test::strategy_forms())),
                         test::FormName());

TEST(RoundedWeightsTest, a_changed_weight_is_rounded_again_and_views_see_it) {
  testing::TinyModel model("full");
  model.parameters.compute_in(Precision::bf16);
  EXPECT_FALSE(model.parameters.outdated().empty());
  model.parameters.round_all();
  EXPECT_TRUE(model.parameters.outdated().empty());
  const ParameterView view(model.parameters, false);
  const ParameterIndex index = model.parameters.require("encoder.layer.0.output.dense.weight");
  model.parameters.value(index).fill_(1.0 + 1.0 / 512);  // halfway between two bfloat16: rounded to even, 1
  EXPECT_EQ(model.parameters.outdated(), std::vector<ParameterIndex>{index});
  model.parameters.round_all();
  EXPECT_EQ(view.rounded(index)[0][0].item<double>(), 1.0);
}

TEST(RoundedWeightsTest, float32_keeps_no_copies) {
  testing::TinyModel model("lora");
  model.parameters.round_all();
  EXPECT_FALSE(model.parameters.rounded(model.parameters.require("encoder.layer.0.output.dense.weight")).defined());
}

TEST_P(PrecisionTest, frozen_weights_kept_in_their_rounded_form_alone_change_no_bit) {
  testing::TinyModel model(GetParam().kind, GetParam().options);
  const DropoutContext dropout{.active = true, .seed = 3, .step = 1};
  const Answer both = answer(model, Precision::bf16, dropout);
  const std::string digest = encoder_digest(*model.encoder, model.parameters);
  const std::int64_t count = model.parameters.count();
  keep_frozen_maps_rounded(*model.encoder, model.parameters);
  const Answer rounded = answer(model, Precision::bf16, dropout);
  EXPECT_TRUE(at::equal(rounded.embeddings, both.embeddings));
  ASSERT_EQ(rounded.gradients.size(), both.gradients.size());
  for (std::size_t i = 0; i < both.gradients.size(); ++i) {
    ASSERT_EQ(rounded.gradients[i].defined(), both.gradients[i].defined());
    if (!both.gradients[i].defined()) continue;
    EXPECT_TRUE(at::equal(rounded.gradients[i], both.gradients[i]));
  }
  EXPECT_EQ(encoder_digest(*model.encoder, model.parameters), digest) << "adapters must still name their base";
  EXPECT_EQ(model.parameters.count(), count);
}

TEST(RoundedWeightsTest, what_is_left_of_a_frozen_map_is_half_its_size) {
  testing::TinyModel model("lora");
  model.parameters.compute_in(Precision::bf16);
  const std::size_t exact = model.parameters.bytes();
  std::size_t maps = 0;
  for (const LinearSite& map : model.encoder->linear_sites()) maps += static_cast<std::size_t>(map.in * map.out);
  keep_frozen_maps_rounded(*model.encoder, model.parameters);
  EXPECT_EQ(model.parameters.bytes(), exact - 2 * maps);
  const ParameterIndex index = model.encoder->linear_sites()[0].weight;
  EXPECT_TRUE(model.parameters.rounded_only(index));
  EXPECT_THROW(static_cast<void>(std::as_const(model.parameters).value(index)), std::logic_error);
}

TEST(RoundedWeightsTest, weights_that_are_trained_exported_or_read_exactly_stay) {
  for (const char* kind : {"full", "dora"}) {
    testing::TinyModel model(kind);
    model.parameters.compute_in(Precision::bf16);
    keep_frozen_maps_rounded(*model.encoder, model.parameters);
    for (const LinearSite& map : model.encoder->linear_sites()) {
      const bool exact = model.parameters.info(map.weight).exact;
      EXPECT_EQ(model.parameters.rounded_only(map.weight), !exact) << kind << " " << map.name;
    }
  }
  testing::TinyModel exact("lora");
  keep_frozen_maps_rounded(*exact.encoder, exact.parameters);
  EXPECT_FALSE(exact.parameters.rounded_only(exact.encoder->linear_sites()[0].weight)) << "fp32 gives nothing up";
}

}  // namespace
}  // namespace coldframe
