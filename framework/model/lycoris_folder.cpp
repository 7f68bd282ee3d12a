#include "framework/model/lycoris_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/model/module_pattern.h"

namespace coldframe {

nlohmann::json lycoris_config(const LycorisForm& form) {
  return {{"peft_type", form.peft_type},
          {"r", form.rank},
          {"alpha", form.alpha},
          {"target_modules", form.modules},
          {"rank_dropout", 0.0},
          {"module_dropout", 0.0},
          {"init_weights", true},
          {"rank_pattern", nlohmann::json::object()},
          {"alpha_pattern", nlohmann::json::object()},
          {"layers_to_transform", nullptr},
          {"layers_pattern", nullptr}};
}

void expect_lycoris(const PeftFolder& folder, const LycorisForm& form) {
  const JsonObject& config = folder.config();
  const auto usual_rank = static_cast<double>(config.integer("r", 1, 1 << 20));
  for (const std::string& module : form.modules) {
    const double rank = number_of_module(config, "rank_pattern", module, usual_rank);
    const double alpha = number_of_module(config, "alpha_pattern", module, config.number("alpha"));
    if (rank == static_cast<double>(form.rank) && alpha == form.alpha) continue;
    throw DataError(
        fmt::format("the adapter in {} has rank {} and alpha {} for {}", folder.path().string(), rank, alpha, module),
        fmt::format("{} has rank {} and alpha {}", form.key, form.rank, form.alpha));
  }
}

}  // namespace coldframe
