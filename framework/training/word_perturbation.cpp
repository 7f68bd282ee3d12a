#include "framework/training/word_perturbation.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <span>

#include "framework/core/philox.h"
#include "framework/model/shape.h"

namespace coldframe {
namespace {

double length_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * double{value};
  return std::sqrt(sum);
}

/// A stream of its own for every step.
KeyedRandom random_of(std::uint64_t seed, std::int64_t step) {
  const PhiloxBlock words =
      KeyedRandom(seed, Purpose::initialisation).block(UserKey(static_cast<std::uint64_t>(step)), /*session=*/1);
  return KeyedRandom(std::uint64_t{words[1]} << 32 | words[0], Purpose::initialisation);
}

/// Values of the texts of a [T, D] tensor.
std::span<float> values_of(const at::Tensor& rows, const PackedBatch& batch, std::size_t text) {
  const auto width = static_cast<std::size_t>(rows.size(1));
  const auto begin = static_cast<std::size_t>(batch.row_offsets[text]);
  const auto end = static_cast<std::size_t>(batch.row_offsets[text + 1]);
  return {rows.data_ptr<float>() + begin * width, (end - begin) * width};
}

}  // namespace

void AdversarialOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "steps",
                 .doc = "passes of a step in which word embeddings climb the loss (FreeLB; each costs a forward and a "
                        "backward), 0 = texts as they are",
                 .minimum = 0,
                 .maximum = 100},
                steps);
  visitor.visit({.name = "norm", .doc = "longest perturbation of a text's word embeddings, Frobenius", .minimum = 0},
                norm);
  visitor.visit({.name = "step_size", .doc = "length by which a perturbation climbs in a pass", .minimum = 0},
                step_size);
}

std::vector<Problem> AdversarialOptions::validate() const {
  std::vector<Problem> problems;
  const AdversarialOptions standard;
  if (active()) return problems;
  constexpr const char* why = "(nothing climbs) set adversarial.steps, for example to 3, or leave it out";
  if (norm != standard.norm) problems.push_back({"norm", why, /*idle=*/true});
  if (step_size != standard.step_size) problems.push_back({"step_size", why, /*idle=*/true});
  return problems;
}

at::Tensor first_perturbation(const PackedBatch& batch, std::int64_t width, const AdversarialOptions& options,
                              std::uint64_t seed, std::int64_t step) {
  at::Tensor perturbation = at::empty({batch.tokens(), width}, at::kFloat);
  const KeyedRandom random = random_of(seed, step);
  const auto columns = static_cast<std::uint32_t>(width);
  for (std::size_t text = 0; text < batch.view_keys.size(); ++text) {
    const std::span<float> values = values_of(perturbation, batch, text);
    const double bound = options.norm / std::sqrt(std::max(1.0, static_cast<double>(values.size())));
    const auto tokens = static_cast<std::uint32_t>(batch.row_offsets[text + 1] - batch.row_offsets[text]);
    for (std::uint32_t token = 0; token < tokens; ++token) {
      for (std::uint32_t column = 0; column < columns; column += 4) {
        const PhiloxBlock words = random.block(UserKey(batch.view_keys[text]), token, 0, column / 4);
        for (std::uint32_t c = column; c < std::min(column + 4, columns); ++c) {
          values[std::size_t{token} * columns + c] =
              static_cast<float>(bound * (2 * uniform_double(words[c - column]) - 1));
        }
      }
    }
  }
  return perturbation;
}

void ascend(const PackedBatch& batch, const at::Tensor& gradient, const AdversarialOptions& options,
            at::Tensor& perturbation) {
  expect_shape(gradient, perturbation.sizes(), "gradient");
  for (std::size_t text = 0; text < batch.view_keys.size(); ++text) {
    const std::span<const float> slope = values_of(gradient, batch, text);
    const std::span<float> values = values_of(perturbation, batch, text);
    const double steepness = length_of(slope);
    if (steepness > 0) {
      const double step = options.step_size / steepness;
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(values[i] + step * slope[i]);
    }
    const double length = length_of(values);
    if (!(length > options.norm)) continue;
    for (float& value : values) value = static_cast<float>(value * (options.norm / length));
  }
}

}  // namespace coldframe
