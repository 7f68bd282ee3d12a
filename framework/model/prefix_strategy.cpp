#include "framework/model/prefix_strategy.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/model/initial_values.h"
#include "framework/model/prefix_source.h"
#include "framework/model/virtual_tokens.h"

namespace coldframe {
namespace {

constexpr const char* k_positions_note = "positions";

/// Common to both: rows of all layers out, rows of all layers in.
class PrefixStrategy : public Strategy {
 public:
  PrefixStrategy(std::string_view kind, const PTuningOptions& options)
      : kind_(kind), length_(options.length), positions_(options.positions) {}

  std::string_view kind() const override { return kind_; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    if (positions_ == "shift") encoder.shift_positions(length_);
    begin(encoder, parameters, attachment.seed);
    for (std::int64_t layer = 0; layer < encoder.layers(); ++layer) {
      sources_.push_back(add_layer(fmt::format("{}.layer.{}", kind_, layer), encoder, parameters, attachment.seed));
      encoder.attach_prefix(static_cast<std::size_t>(layer), sources_.back());
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return false; }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    const ParameterView view(parameters, /*with_gradients=*/false);
    const PackedBatch no_texts;
    std::vector<at::Tensor> rows;
    for (const auto& source : sources_) {
      const KeyValueRows layer = source->rows({view, no_texts, {}});
      rows.insert(rows.end(), {layer.keys, layer.values});
    }
    const nlohmann::json own = {
        {"encoder_hidden_size", encoder.width()}, {"prefix_projection", false}, {"init_weights", nullptr}};
    write_virtual_tokens(folder, form(), own, at::cat(rows, 1), encoder, encoder_folder);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& encoder,
                   ParameterStore& parameters) const override {
    PeftFolder adapter(folder, "PREFIX_TUNING");
    expect_positions(adapter);
    const std::int64_t width = encoder.width();
    const at::Tensor rows = read_virtual_tokens(adapter, form(), 2 * encoder.layers() * width);
    for (std::int64_t layer = 0; layer < encoder.layers(); ++layer) {
      const at::Tensor both = rows.narrow(1, 2 * layer * width, 2 * width);
      set_layer(static_cast<std::size_t>(layer), {both.narrow(1, 0, width), both.narrow(1, width, width)}, parameters);
    }
  }

 protected:
  /// What all layers share.
  virtual void begin(const Encoder& encoder, ParameterStore& parameters, std::uint64_t seed) = 0;
  virtual std::shared_ptr<const PrefixSource> add_layer(const std::string& name, const Encoder& encoder,
                                                        ParameterStore& parameters, std::uint64_t seed) = 0;
  virtual void set_layer(std::size_t layer, const KeyValueRows& rows, ParameterStore& parameters) const = 0;

  std::int64_t length() const { return length_; }
  std::string name(std::string_view part) const { return fmt::format("{}.{}", kind_, part); }

 private:
  VirtualTokens form() const {
    return {
        fmt::format("strategy.{}", kind_), "PREFIX_TUNING", length_, base_sha256_, {{k_positions_note, positions_}}};
  }

  /// transformers begins a text behind the cached keys it was given: so do folders of PEFT, which say nothing about it.
  void expect_positions(const PeftFolder& adapter) const {
    const std::string note = adapter.note(k_positions_note), theirs = note.empty() ? "shift" : note;
    if (theirs == positions_) return;
    throw DataError(fmt::format("the prefix in {} was trained with positions = {}", adapter.path().string(), theirs),
                    fmt::format("strategy.{} has positions = {}", kind_, positions_),
                    fmt::format("set positions = {}", theirs));
  }

  std::string kind_;
  std::int64_t length_;
  std::string positions_;
  std::string base_sha256_;
  std::vector<std::shared_ptr<const PrefixSource>> sources_;
};

class FlatStrategy final : public PrefixStrategy {
 public:
  explicit FlatStrategy(const PTuningOptions& options) : PrefixStrategy("p_tuning_v2", options) {}

 protected:
  void begin(const Encoder&, ParameterStore&, std::uint64_t) override {}

  std::shared_ptr<const PrefixSource> add_layer(const std::string& layer, const Encoder& encoder,
                                                ParameterStore& parameters, std::uint64_t seed) override {
    const auto add = [&](const char* part) {
      const std::string full = fmt::format("{}.{}", layer, part);
      return parameters.add({.name = full, .trainable = true},
                            normal_values({length(), encoder.width()}, 0.02, seed, full));
    };
    layers_.push_back({add("keys"), add("values")});
    return make_prefix_source(layers_.back());
  }

  void set_layer(std::size_t layer, const KeyValueRows& rows, ParameterStore& parameters) const override {
    parameters.value(layers_[layer].keys).copy_(rows.keys);
    parameters.value(layers_[layer].values).copy_(rows.values);
  }

 private:
  std::vector<FlatPrefix> layers_;
};

class PerceptronStrategy final : public PrefixStrategy {
 public:
  explicit PerceptronStrategy(const PrefixOptions& options)
      : PrefixStrategy("prefix", options), inner_width_(options.inner_width) {}

 protected:
  void begin(const Encoder& encoder, ParameterStore& parameters, std::uint64_t seed) override {
    if (inner_width_ == 0) inner_width_ = encoder.width();
    const std::string tokens = name("tokens");
    shared_.tokens = parameters.add({.name = tokens, .trainable = true},
                                    normal_values({length(), encoder.width()}, 1, seed, tokens));
    shared_.inner_weight = add_matrix(name("inner.weight"), inner_width_, encoder.width(), parameters, seed);
    shared_.inner_bias = add_bias(name("inner.bias"), inner_width_, parameters);
  }

  std::shared_ptr<const PrefixSource> add_layer(const std::string& layer, const Encoder& encoder,
                                                ParameterStore& parameters, std::uint64_t seed) override {
    const auto output = [&](const char* part) {
      const std::string full = fmt::format("{}.{}", layer, part);
      return PrefixPerceptron::Output{
          add_matrix(full + ".weight", encoder.width(), inner_width_, parameters, seed),
          add_bias(full + ".bias", encoder.width(), parameters),
          parameters.add({.name = full + ".folded", .decay = false}, zeros({length(), encoder.width()}))};
    };
    PrefixPerceptron made = shared_;
    made.keys = output("keys");
    made.values = output("values");
    layers_.push_back(made);
    return make_prefix_source(made);
  }

  void set_layer(std::size_t layer, const KeyValueRows& rows, ParameterStore& parameters) const override {
    const auto set = [&](const PrefixPerceptron::Output& output, const at::Tensor& folded) {
      parameters.value(output.weight).zero_();
      parameters.value(output.bias).zero_();
      parameters.value(output.folded).copy_(folded);
    };
    set(layers_[layer].keys, rows.keys);
    set(layers_[layer].values, rows.values);
  }

 private:
  static at::Tensor zeros(at::IntArrayRef shape) { return at::zeros(shape, at::TensorOptions().dtype(at::kFloat)); }

  static ParameterIndex add_matrix(const std::string& full, std::int64_t out, std::int64_t in,
                                   ParameterStore& parameters, std::uint64_t seed) {
    return parameters.add({.name = full, .trainable = true},
                          uniform_values({out, in}, 1 / std::sqrt(static_cast<double>(in)), seed, full));
  }

  static ParameterIndex add_bias(const std::string& full, std::int64_t out, ParameterStore& parameters) {
    return parameters.add({.name = full, .trainable = true, .decay = false}, zeros({out}));
  }

  std::int64_t inner_width_;
  PrefixPerceptron shared_;
  std::vector<PrefixPerceptron> layers_;
};

}  // namespace

void PTuningOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "length",
                 .doc = "keys and values in front of every layer's own",
                 .unit = "tokens",
                 .minimum = 1,
                 .maximum = 4096},
                length);
  visitor.visit({.name = "positions",
                 .doc = "where texts begin: stay = where they did, shift = behind the prefix, as transformers and PEFT "
                        "compute it",
                 .choices = {"stay", "shift"}},
                positions);
}

void PrefixOptions::describe(OptionVisitor& visitor) {
  PTuningOptions::describe(visitor);
  visitor.visit({.name = "inner_width", .doc = "of the perceptron, 0 = the encoder's width", .minimum = 0},
                inner_width);
}

StrategyEntry prefix_strategy() {
  return {"prefix",
          "keys and values in front of every layer, through a perceptron (prefix-tuning, arXiv 2101.00190)",
          [] { return std::make_unique<PrefixOptions>(); },
          [](const Options& options) {
            return std::make_unique<PerceptronStrategy>(dynamic_cast<const PrefixOptions&>(options));
          },
          false,
          "PEFT folder"};
}

StrategyEntry p_tuning_v2_strategy() {
  return {"p_tuning_v2",
          "keys and values in front of every layer (P-tuning v2, arXiv 2110.07602)",
          [] { return std::make_unique<PTuningOptions>(); },
          [](const Options& options) {
            return std::make_unique<FlatStrategy>(dynamic_cast<const PTuningOptions&>(options));
          },
          false,
          "PEFT folder"};
}

}  // namespace coldframe
