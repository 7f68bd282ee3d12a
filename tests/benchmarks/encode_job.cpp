// Encodes a file of texts, one per line, several times over: what `coldframe encode` does, without files to write.
//
//   encode_job --texts catalogue.txt --threads 2 --repeats 3
//
// Prints one line; --json writes every repeat and the vectors of the first texts, for others to compare with.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/training/bulk_encoder.h"
#include "tests/benchmarks/job_encoder.h"
#include "tests/benchmarks/job_main.h"
#include "tests/benchmarks/process_facts.h"

namespace coldframe::bench {
namespace {

constexpr std::size_t k_compared_texts = 32;

struct EncodeJobOptions final : Options {
  JobEncoderOptions encoder;
  std::string texts, json;
  std::int64_t tokens = 2048, threads = 1, repeats = 3;  // chunks as `coldframe encode` cuts them

  void describe(OptionVisitor& visitor) override {
    encoder.describe(visitor);
    visitor.visit({.name = "texts", .doc = "file with a text per line"}, texts);
    visitor.visit({.name = "json", .doc = "file for the results"}, json);
    visitor.visit({.name = "tokens", .doc = "largest chunk", .unit = "tokens", .minimum = 1}, tokens);
    visitor.visit({.name = "threads", .doc = "that encode", .minimum = 1}, threads);
    visitor.visit({.name = "repeats", .doc = "of the whole file", .minimum = 1}, repeats);
  }
};

std::vector<std::string> read_lines(const std::string& file) {
  std::ifstream input(file);
  if (!input) throw IoError(fmt::format("cannot read {}", file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(input, line);) lines.push_back(line);
  if (lines.empty()) throw DataError(fmt::format("{} is empty", file));
  return lines;
}

std::vector<double> unit_row(std::span<const float> row) {
  double square = 0;
  for (const float value : row) square += static_cast<double>(value) * value;
  std::vector<double> unit;
  for (const float value : row) unit.push_back(value / std::sqrt(square));
  return unit;
}

nlohmann::json run(const EncodeJobOptions& job) {
  JobEncoder encoder(job.encoder);
  const std::vector<std::string> texts = read_lines(job.texts);
  LanePool pool(static_cast<int>(job.threads));
  const Group alone;
  const BulkEncoder bulk(alone, pool, *encoder.encoder, encoder.parameters, job.tokens);
  nlohmann::json result{{"precision", job.encoder.precision},
                        {"threads", job.threads},
                        {"texts", texts.size()},
                        {"flop_per_token", 2 * encoder.linear_weights()},
                        {"start_seconds", seconds_since_process_start()},
                        {"first_step_at", monotonic_seconds()},
                        {"seconds", nlohmann::json::array()},
                        {"vectors", nlohmann::json::array()}};
  for (std::int64_t repeat = 0; repeat < job.repeats; ++repeat) {
    const double started = monotonic_seconds();
    std::vector<Tokens> tokens(texts.size());
    std::ranges::transform(texts, tokens.begin(), [&](const std::string& text) { return encoder.tokens(text); });
    const EncodedTexts encoded = bulk.encode(tokens, "benchmark");
    result["seconds"].push_back(monotonic_seconds() - started);
    if (repeat > 0) continue;
    std::size_t count = 0;
    for (const Tokens& text : tokens) count += text->size();
    result["tokens"] = count;
    for (std::size_t i = 0; i < std::min(k_compared_texts, texts.size()); ++i) {
      result["vectors"].push_back(unit_row(encoded.row(i)));
    }
  }
  result["peak_memory_bytes"] = {peak_memory_bytes()};
  return result;
}

void print_summary(const nlohmann::json& result) {
  const auto seconds = result.at("seconds").get<std::vector<double>>();
  const double best = *std::ranges::min_element(seconds);
  fmt::print("encode {} x {} threads: {:.0f} texts/s, {:.1f} GFLOP/s\n", result.at("precision").get<std::string>(),
             result.at("threads").get<int>(), result.at("texts").get<double>() / best,
             1e-9 * result.at("tokens").get<double>() * result.at("flop_per_token").get<double>() / best);
}

}  // namespace
}  // namespace coldframe::bench

int main(int argument_count, char** arguments) {
  using namespace coldframe;
  bench::EncodeJobOptions options;
  return bench::job_main(argument_count, arguments, options, [&] {
    const nlohmann::json result = bench::run(options);
    bench::print_summary(result);
    if (!options.json.empty()) write_json(options.json, result);
  });
}
