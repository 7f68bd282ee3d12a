#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"

namespace coldframe {
namespace {

using test::Model;

TEST(StrategyGradientTest, full_matches_transformers) {
  Model model(test::tiny_encoder());
  model.attach("full");
  test::expect_gradients(model, test::read_golden("model_tiny.json"), "full");
}

TEST(StrategyGradientTest, lora_matches_peft) {
  Model model(test::tiny_encoder());
  model.attach("lora");
  test::expect_gradients(model, test::read_golden("model_tiny.json"), "lora");
}

TEST(StrategyGradientTest, pfeiffer_matches_the_formula_in_pytorch) {
  Model model(test::tiny_encoder());
  model.attach("pfeiffer");
  test::expect_gradients(model, test::read_golden("model_tiny.json"), "pfeiffer");
}

}  // namespace
}  // namespace coldframe
