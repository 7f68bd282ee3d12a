#include "framework/model/sentence_transformers_folder.h"

#include <array>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/json.h"
#include "framework/model/encoder_folder.h"
#include "framework/model/json_object.h"
#include "framework/model/transformer_weights.h"
#include "framework/model/weight_files.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 5> k_tokenizer_files = {"tokenizer.json", "tokenizer_config.json",
                                                          "special_tokens_map.json", "added_tokens.json", "vocab.txt"};

nlohmann::json module_entry(int index, const char* path, const char* type) {
  return {{"idx", index},
          {"name", std::to_string(index)},
          {"path", path},
          {"type", std::string("sentence_transformers.models.") + type}};
}

void write_modules(const fs::path& folder, const Encoder& encoder) {
  nlohmann::json modules = {module_entry(0, "", "Transformer"), module_entry(1, "1_Pooling", "Pooling")};
  if (encoder.normalization() == Normalization::unit_length) {
    modules.push_back(module_entry(2, "2_Normalize", "Normalize"));
    fs::create_directory(folder / "2_Normalize");
  }
  write_json(folder / "modules.json", modules);
}

void write_pooling(const fs::path& folder, const Encoder& encoder) {
  fs::create_directory(folder / "1_Pooling");
  write_json(folder / "1_Pooling" / "config.json", {{"word_embedding_dimension", encoder.width()},
                                                    {"pooling_mode_cls_token", encoder.pooling() == Pooling::cls},
                                                    {"pooling_mode_mean_tokens", encoder.pooling() == Pooling::mean},
                                                    {"pooling_mode_max_tokens", false},
                                                    {"pooling_mode_mean_sqrt_len_tokens", false},
                                                    {"pooling_mode_weightedmean_tokens", false},
                                                    {"pooling_mode_lasttoken", false},
                                                    {"include_prompt", true}});
}

void write_limits(const fs::path& folder, const Encoder& encoder, const fs::path& transformer) {
  const fs::path source = transformer / "sentence_bert_config.json";
  const bool lower = fs::exists(source) && JsonObject(source).flag("do_lower_case", false);
  write_json(folder / "sentence_bert_config.json",
             {{"max_seq_length", encoder.max_tokens()}, {"do_lower_case", lower}});
}

/// The weights are float32 now, whatever they were.
void write_config(const fs::path& folder, const fs::path& transformer) {
  nlohmann::json config = read_json(transformer / "config.json");
  for (const char* key : {"torch_dtype", "dtype"}) {
    if (config.contains(key)) config[key] = "float32";
  }
  write_json(folder / "config.json", config);
}

void write_library_config(const fs::path& folder, const fs::path& root) {
  const char* name = "config_sentence_transformers.json";
  const nlohmann::json config = fs::exists(root / name) ? read_json(root / name)
                                                        : nlohmann::json{{"__version__", nlohmann::json::object()},
                                                                         {"prompts", nlohmann::json::object()},
                                                                         {"default_prompt_name", nullptr},
                                                                         {"similarity_fn_name", "cosine"}};
  write_json(folder / name, config);
}

}  // namespace

void write_sentence_transformers_folder(const fs::path& folder, const Encoder& encoder,
                                        const ParameterStore& parameters, const fs::path& source) {
  const EncoderFolder original = read_encoder_folder(source);
  AtomicFolder target(folder, IfExists::replace);
  const fs::path& to = target.temporary();
  NamedTensors weights;
  for (const ParameterIndex index : encoder.parameters()) {
    weights.emplace_back(parameters.info(index).name, parameters.value(index));
  }
  const EncoderFamily& family = encoder_family(read_transformer_config(original.transformer / "config.json").family);
  for (auto& tensor : read_pooler(original.transformer, family)) weights.push_back(std::move(tensor));
  write_weights(to / "model.safetensors", weights);
  write_config(to, original.transformer);
  write_modules(to, encoder);
  write_pooling(to, encoder);
  write_limits(to, encoder, original.transformer);
  write_library_config(to, original.root);
  for (const char* name : k_tokenizer_files) {
    if (fs::exists(original.transformer / name))
      write_file_atomically(to / name, read_file(original.transformer / name));
  }
  target.commit();
}

}  // namespace coldframe
