#include "tests/text/golden_texts.h"

#include <zlib.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

#include "framework/core/hash.h"

namespace coldframe::testing {
namespace {

std::filesystem::path environment_path(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run the tests through ctest");
  return value;
}

nlohmann::json read_gzip_json(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
  std::string text;
  std::array<char, 65536> buffer{};
  for (int count = 0; (count = gzread(file, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  gzclose(file);
  return nlohmann::json::parse(text);
}

}  // namespace

std::filesystem::path golden_folder() {
  return environment_path("COLDFRAME_SOURCE_DIR") / "tests" / "golden" / "tokenizer";
}

std::filesystem::path minilm_folder() {
  return environment_path("COLDFRAME_DEPS_DIR") / "encoders" / "all-MiniLM-L6-v2";
}

std::filesystem::path tiny_mpnet_folder() {
  return environment_path("COLDFRAME_SOURCE_DIR") / "tests" / "golden" / "tiny_mpnet";
}

std::filesystem::path mpnet_folder() {
  return environment_path("COLDFRAME_DEPS_DIR") / "encoders" / "all-mpnet-base-v2";
}

std::vector<std::string> golden_lines() { return read_gzip_json(golden_folder() / "lines.json.gz"); }

std::vector<std::vector<TokenId>> golden_ids(const std::string& name) {
  return read_gzip_json(golden_folder() / ("ids_" + name + ".json.gz"));
}

std::string ids_checksum(const std::vector<TokenId>& ids) {
  return sha256_hex(std::as_bytes(std::span(ids))).substr(0, 16);
}

TokenizerSettings tiny_settings() {
  TokenizerSettings settings;
  const std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "play",   "##ing",
                                           "##s",   "the",   "film",  "un",    "##aff",  "##able", "!",
                                           "caf",   "##e",   "中",    "##é",   "Play",   "a"};
  for (const std::string& token : tokens) {
    settings.vocabulary.emplace_back(token, static_cast<TokenId>(settings.vocabulary.size()));
  }
  for (TokenId id = 0; id < 5; ++id)
    settings.added.push_back({.content = tokens[static_cast<std::size_t>(id)], .id = id, .special = true});
  settings.before = {2};
  settings.after = {3};
  return settings;
}

}  // namespace coldframe::testing
