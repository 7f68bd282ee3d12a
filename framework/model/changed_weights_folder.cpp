#include "framework/model/changed_weights_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/json.h"
#include "framework/model/json_object.h"
#include "framework/model/weight_files.h"

namespace coldframe {
namespace {

constexpr const char* k_manifest_file = "changed_weights.json";
constexpr const char* k_weight_file = "changed_weights.safetensors";
constexpr std::int64_t k_format = 1;

void expect_manifest(const std::filesystem::path& folder, std::string_view base_sha256) {
  const JsonObject manifest(folder / k_manifest_file);
  if (manifest.integer("format_version", 0, 1 << 20) != k_format) {
    manifest.reject("format_version", fmt::format("this version reads format {}", k_format));
  }
  if (manifest.text("base_encoder_sha256") != base_sha256) {
    manifest.reject("base_encoder_sha256", "the encoder at hand has other weights",
                    fmt::format("use {}", manifest.text("base_model")));
  }
  if (manifest.text("weights_sha256") != sha256_file(folder / k_weight_file)) {
    manifest.reject("weights_sha256", fmt::format("{} is another file", k_weight_file), "export again");
  }
}

}  // namespace

void write_changed_weights(const std::filesystem::path& folder, std::string_view kind, const AdapterBase& base,
                           const std::vector<ParameterIndex>& weights, const ParameterStore& parameters) {
  NamedTensors tensors;
  for (const ParameterIndex index : weights) tensors.emplace_back(parameters.info(index).name, parameters.value(index));
  AtomicFolder target(folder, IfExists::replace);
  write_weights(target.temporary() / k_weight_file, tensors);
  write_json(target.temporary() / k_manifest_file,
             {{"format_version", k_format},
              {"strategy", kind},
              {"base_model", base.model},
              {"base_encoder_sha256", base.sha256},
              {"weights_sha256", sha256_file(target.temporary() / k_weight_file)}});
  target.commit();
}

void read_changed_weights(const std::filesystem::path& folder, std::string_view base_sha256,
                          const std::vector<ParameterIndex>& weights, ParameterStore& parameters) {
  expect_manifest(folder, base_sha256);
  const WeightFiles files(folder / k_weight_file);
  std::set<std::string> expected;
  std::vector<at::Tensor> values;
  for (const ParameterIndex index : weights) {
    const std::string& name = parameters.info(index).name;
    values.push_back(files.read(name, std::as_const(parameters).value(index).sizes().vec()));
    expected.insert(name);
  }
  for (const auto& [name, tensor] : files.tensors()) {
    if (expected.contains(name)) continue;
    throw DataError(fmt::format("{} also changes {}", files.path().string(), name), "the strategy does not train it");
  }
  for (std::size_t i = 0; i < weights.size(); ++i) parameters.value(weights[i]).copy_(values[i]);
}

}  // namespace coldframe
