// The bound of every step: how fast this machine multiplies matrices through at::linear, the operator of all encoders.
//
//   gemm_limit [--json FILE] [--rounds 20]
//
// GFLOP/s of one core, and of all cores each with products of its own (as lanes run), best of many rounds over the
// shapes of MiniLM (width 384) and BERT-base (768). A product's value is checked before it is timed.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "tests/benchmarks/job_main.h"
#include "tests/benchmarks/process_facts.h"

namespace coldframe::bench {
namespace {

struct GemmOptions final : Options {
  std::string json;
  std::int64_t rounds = 20;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "json", .doc = "file for the results"}, json);
    visitor.visit({.name = "rounds", .doc = "over all shapes", .minimum = 1}, rounds);
  }
};

/// x [rows, in] times weight [out, in] transposed.
struct Shape {
  std::int64_t rows, in, out;
  double flop() const { return 2.0 * static_cast<double>(rows * in * out); }
};

std::vector<Shape> shapes() {
  std::vector<Shape> result;
  for (const std::int64_t width : {384, 768}) {
    for (const std::int64_t rows : {512, 1024, 2048}) {
      result.push_back({rows, width, width});
      result.push_back({rows, width, 4 * width});
      result.push_back({rows, 4 * width, width});
    }
  }
  return result;
}

/// Best GFLOP/s of the calling thread over one round of a shape.
double speed(const Shape& shape, at::ScalarType type) {
  constexpr int products = 4;
  const at::Tensor x = at::full({shape.rows, shape.in}, 0.5, type),
                   weight = at::full({shape.out, shape.in}, 0.25, type);
  const auto expected = 0.125f * static_cast<float>(shape.in);
  if (at::linear(x, weight).select(0, 0).select(0, 0).item<float>() != expected) {
    throw NumericError("a product of constant matrices is wrong");
  }
  double best = 0;
  for (int i = 0; i < products; ++i) {
    const double started = monotonic_seconds();
    at::linear(x, weight);
    best = std::max(best, 1e-9 * shape.flop() / (monotonic_seconds() - started));
  }
  return best;
}

/// Sum over threads that each multiply at the same time, every thread for itself.
double speed_of_threads(int threads, const Shape& shape, at::ScalarType type) {
  std::vector<double> speeds(static_cast<std::size_t>(threads));
  {
    std::vector<std::jthread> workers;
    for (double& mine : speeds) {
      workers.emplace_back([&] {
        const at::NoGradGuard no_grad;
        at::set_num_threads(1);
        mine = speed(shape, type);
      });
    }
  }
  double sum = 0;
  for (const double mine : speeds) sum += mine;
  return sum;
}

nlohmann::json measure(std::int64_t rounds) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  nlohmann::json result{{"cores", cores}};
  for (const auto& [name, type] : {std::pair{"fp32", at::kFloat}, std::pair{"bf16", at::kBFloat16}}) {
    double one = 0, all = 0;
    for (std::int64_t round = 0; round < rounds; ++round) {
      for (const Shape& shape : shapes()) {
        one = std::max(one, speed_of_threads(1, shape, type));
        all = std::max(all, speed_of_threads(cores, shape, type));
      }
    }
    fmt::print("at::linear {}: {:.1f} GFLOP/s on one core, {:.1f} on {} cores at once\n", name, one, all, cores);
    result[name] = {{"one_core", one}, {"all_cores", all}};
  }
  return result;
}

}  // namespace
}  // namespace coldframe::bench

int main(int argument_count, char** arguments) {
  using namespace coldframe;
  bench::GemmOptions options;
  return bench::job_main(argument_count, arguments, options, [&] {
    const nlohmann::json result = bench::measure(options.rounds);
    if (!options.json.empty()) write_json(options.json, result);
  });
}
