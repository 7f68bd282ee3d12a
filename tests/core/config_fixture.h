#pragma once

#include <gtest/gtest.h>

#include <fstream>

#include "framework/core/config.h"
#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe::testing {

/// One option of every type, with every kind of range.
struct OptimizerOptions final : Options {
  double learning_rate = 3e-4;
  double beta = 0.9;
  std::int64_t warmup = 10;
  bool amsgrad = false;
  std::string schedule = "linear";
  std::string note;
  std::vector<std::int64_t> cutoffs = {5, 10};
  std::vector<double> scales;
  std::vector<std::string> groups = {"bias", "norm"};

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "learning_rate", .doc = "peak rate", .minimum = 0, .minimum_exclusive = true},
                  learning_rate);
    visitor.visit({.name = "beta", .doc = "decay of the mean", .minimum = 0, .maximum = 1}, beta);
    visitor.visit({.name = "warmup", .doc = "steps of warm-up", .unit = "steps", .minimum = 0}, warmup);
    visitor.visit({.name = "amsgrad", .doc = "keep the largest variance"}, amsgrad);
    visitor.visit({.name = "schedule", .doc = "shape | form", .choices = {"linear", "cosine"}}, schedule);
    visitor.visit({.name = "note", .doc = "free text"}, note);
    visitor.visit({.name = "cutoffs", .doc = "ranks", .minimum = 1}, cutoffs);
    visitor.visit({.name = "scales", .doc = "factors"}, scales);
    visitor.visit({.name = "groups", .doc = "without decay"}, groups);
  }
  std::vector<Problem> validate() const override {
    if (schedule == "cosine" && warmup == 0) return {{"warmup", "(cosine needs a warm-up) try 10"}};
    if (schedule == "linear" && note == "cosine only") return {{"note", "(does nothing) leave it out", /*idle=*/true}};
    return {};
  }
};

struct ExperimentOptions final : Options {
  std::string root = "runs";
  std::int64_t seed = 0;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "root", .doc = "where runs go", .effect = Effect::operation}, root);
    visitor.visit({.name = "seed", .doc = "of everything"}, seed);
  }
};

struct LoraOptions final : Options {
  std::int64_t rank = 8;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "rank", .doc = "of the update", .minimum = 1}, rank);
  }
};

struct FullOptions final : Options {
  void describe(OptionVisitor&) override {}
};

class ConfigFixture : public ::testing::Test {
 protected:
  ConfigFixture() {
    schema_.section("experiment", "what is run", experiment_);
    schema_.section("optimizer", "AdamW", optimizer_);
    schema_.family("strategy", "how the encoder is tuned",
                   {{"lora", "low-rank updates", [] { return std::make_unique<LoraOptions>(); }},
                    {"full", "every weight", [] { return std::make_unique<FullOptions>(); }}});
    schema_.free_section("expect", "acceptance bounds");
  }

  std::filesystem::path write(std::string_view name, std::string_view text) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    files_.push_back(path);
    return path;
  }

  ResolvedConfig load(std::vector<std::string> overrides = {}) {
    return load_config(schema_, {files_, std::move(overrides)});
  }

  /// All problems, with the folder's name removed.
  std::string problems(std::vector<std::string> overrides = {}) {
    try {
      load(std::move(overrides));
    } catch (const ConfigError& error) {
      return without_folder(error.what());
    }
    return "no problem";
  }
  std::string problems_of(std::string_view text) {
    files_.clear();
    write("a.ini", text);
    return problems();
  }

  std::string without_folder(std::string text) const {
    const std::string prefix = folder_.path().string() + "/";
    for (std::size_t at; (at = text.find(prefix)) != text.npos;) text.erase(at, prefix.size());
    return text;
  }

  TemporaryFolder folder_;
  std::vector<std::filesystem::path> files_;
  ExperimentOptions experiment_;
  OptimizerOptions optimizer_;
  ConfigSchema schema_;
};

}  // namespace coldframe::testing
