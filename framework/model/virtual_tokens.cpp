#include "framework/model/virtual_tokens.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/model/encoder_folder.h"
#include "framework/model/transformer_config.h"

namespace coldframe {

void write_virtual_tokens(const std::filesystem::path& folder, const VirtualTokens& form, const nlohmann::json& own,
                          const at::Tensor& values, const Encoder& encoder,
                          const std::filesystem::path& encoder_folder) {
  const std::filesystem::path transformer = read_encoder_folder(encoder_folder).transformer;
  nlohmann::json config = {{"peft_type", form.peft_type},
                           {"num_virtual_tokens", form.length},
                           {"token_dim", encoder.width()},
                           {"num_layers", encoder.layers()},
                           {"num_attention_heads", read_transformer_config(transformer / "config.json").heads},
                           {"num_transformer_submodules", 1}};
  config.update(own);
  write_peft_folder(folder, {encoder_folder.string(), form.base_sha256, encoder.family()}, config,
                    {{std::string(k_virtual_tokens), values}}, form.notes);
}

at::Tensor read_virtual_tokens(PeftFolder& folder, const VirtualTokens& form, std::int64_t columns) {
  const JsonObject& config = folder.config();
  if (config.integer("num_virtual_tokens", 1, 1 << 20) != form.length) {
    config.reject("num_virtual_tokens", fmt::format("{}.length is {}", form.key, form.length));
  }
  if (config.has("num_transformer_submodules") && config.integer("num_transformer_submodules", 1, 2) != 1) {
    config.reject("num_transformer_submodules", "only plain encoders are supported");
  }
  folder.expect_base(form.base_sha256);
  at::Tensor values = folder.take(std::string(k_virtual_tokens), {form.length, columns});
  folder.expect_all_taken();
  return values;
}

}  // namespace coldframe
