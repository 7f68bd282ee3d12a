// Exact top-10 of a whole catalogue, selection included, on one core:
//
//   scoring_job [--vectors FILE.npy] [--users 64] [--rounds 15] [--json FILE]
//
// A block of users against (items, width) = (10,000, 128), (10,000, 384) and (1,682, 384) random vectors in float32, as
// a share of the fused multiply-adds that the core can do, measured in the same rounds. With a table of vectors of a
// trained encoder (`coldframe encode --output FILE.npy`, width 384) also int8 with exact rescoring against float32 on
// those, at full width and on the first 128 coordinates; users are means of three items. Every list is checked before
// it is timed: against the definition, one product at a time (some users), and int8 against float32 (all users).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/core/philox.h"
#include "framework/evaluation/block_scorer.h"
#include "framework/evaluation/int8_scorer.h"
#include "tests/benchmarks/job_main.h"
#include "tests/benchmarks/machine_limits.h"
#include "tests/benchmarks/process_facts.h"

namespace coldframe::bench {
namespace {

constexpr std::size_t k_top = 10;
constexpr double k_slice_seconds = 0.05;

struct ScoringOptions final : Options {
  std::string vectors, json;
  std::int64_t users = 64, rounds = 15;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "vectors", .doc = "item vectors of a trained encoder, .npy; empty: no int8 rows"}, vectors);
    visitor.visit({.name = "json", .doc = "file for the results"}, json);
    visitor.visit({.name = "users", .doc = "scored at once", .minimum = 1}, users);
    visitor.visit({.name = "rounds", .doc = "over all cases", .minimum = 1}, rounds);
  }
};

struct Vectors {
  std::size_t width = 0;
  std::vector<float> values;
  std::size_t rows() const { return values.size() / width; }
};

/// A version 1.0 .npy file of float32 in C order.
Vectors read_npy(const std::string& path) {
  const std::string bytes = read_file(path);
  if (bytes.size() < 10 || !bytes.starts_with("\x93NUMPY\x01")) throw DataError(path + " is no .npy file");
  const std::size_t header = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  const std::string text = bytes.substr(10, header);
  std::size_t rows = 0, width = 0;
  const std::size_t shape = text.find("'shape': (");
  if (text.find("'<f4'") == std::string::npos || text.find("'fortran_order': False") == std::string::npos ||
      shape == std::string::npos || std::sscanf(text.c_str() + shape, "'shape': (%zu, %zu", &rows, &width) != 2 ||
      bytes.size() != 10 + header + rows * width * sizeof(float)) {
    throw DataError(path + " holds no table of float32", text);
  }
  Vectors out{width, std::vector<float>(rows * width)};
  std::memcpy(out.values.data(), bytes.data() + 10 + header, rows * width * sizeof(float));
  return out;
}

void to_unit_length(Vectors& vectors) {
  for (std::size_t r = 0; r < vectors.rows(); ++r) {
    float* row = vectors.values.data() + r * vectors.width;
    double squares = 0;
    for (std::size_t d = 0; d < vectors.width; ++d) squares += static_cast<double>(row[d]) * row[d];
    for (std::size_t d = 0; d < vectors.width; ++d) row[d] = static_cast<float>(row[d] / std::sqrt(squares));
  }
}

Vectors random_vectors(std::size_t rows, std::size_t width, std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::initialisation);
  Vectors out{width, std::vector<float>(rows * width)};
  for (std::size_t at = 0; at < out.values.size(); ++at) {
    const PhiloxBlock words = random.block(UserKey(at / width), 0, 0, static_cast<std::uint32_t>(at % width));
    out.values[at] = static_cast<float>(standard_normals(words[0], words[1])[0]);
  }
  to_unit_length(out);
  return out;
}

/// The first `width` coordinates, of length 1 again.
Vectors first_coordinates(const Vectors& all, std::size_t width) {
  Vectors out{width, {}};
  for (std::size_t r = 0; r < all.rows(); ++r) {
    const auto row = all.values.begin() + static_cast<std::ptrdiff_t>(r * all.width);
    out.values.insert(out.values.end(), row, row + static_cast<std::ptrdiff_t>(width));
  }
  to_unit_length(out);
  return out;
}

/// Newcomers with three likes.
Vectors means_of_items(const Vectors& items, std::size_t users) {
  const KeyedRandom random(5, Purpose::population);
  Vectors out{items.width, std::vector<float>(users * items.width, 0.0f)};
  for (std::size_t u = 0; u < users; ++u) {
    const PhiloxBlock words = random.block(UserKey(u));
    for (std::size_t k = 0; k < 3; ++k) {
      const std::size_t item = uniform_below(words[k], static_cast<std::uint32_t>(items.rows()));
      for (std::size_t d = 0; d < items.width; ++d) {
        out.values[u * items.width + d] += items.values[item * items.width + d];
      }
    }
  }
  to_unit_length(out);
  return out;
}

/// One block of users against one catalogue.
class Case {
 public:
  Case(std::string name, Vectors items, Vectors users, bool int8)
      : name_(std::move(name)),
        items_(std::move(items)),
        users_(std::move(users)),
        exact_(items_.values, items_.width, {}),
        ties_(1) {
    for (std::uint32_t i = 0; i < items_.rows(); ++i) candidates_.emplace_back(i);
    for (std::size_t u = 0; u < users_.rows(); ++u) requests_.push_back({UserKey(u), candidates_, k_top});
    if (int8) int8_ = std::make_unique<Int8Scorer>(items_.values, items_.width, BlockScorer::Terms{});
    check();
  }

  void round() {
    best_ = std::min(best_, seconds_per_user([&] { return exact_.top(users_.values, requests_, ties_); }));
    if (!int8_) return;
    int8_best_ = std::min(int8_best_, seconds_per_user([&] { return int8_->top(users_.values, requests_, ties_); }));
  }

  nlohmann::json report(double peak) const {
    const double flop = 2.0 * static_cast<double>(items_.values.size());
    nlohmann::json line{{"case", name_},
                        {"items", items_.rows()},
                        {"width", items_.width},
                        {"users_per_second", 1.0 / best_},
                        {"gflops", 1e-9 * flop / best_}};
    std::string text = fmt::format("{:<24} {:>6} items x {:<4} {:>9.0f} users/s {:>6.1f} us {:>6.1f} GFLOP/s", name_,
                                   items_.rows(), items_.width, 1.0 / best_, 1e6 * best_, 1e-9 * flop / best_);
    if (peak > 0) {
      line["share_of_peak"] = 1e-9 * flop / best_ / peak;
      text += fmt::format(" = {:.0f} % of peak", 100e-9 * flop / best_ / peak);
    }
    if (int8_) {
      line["int8_users_per_second"] = 1.0 / int8_best_;
      line["int8_ratio"] = best_ / int8_best_;
      line["rescored_per_user"] = rescored_;
      text += fmt::format("; int8 {:>9.0f} users/s = {:.2f} x, {:.1f} scored again", 1.0 / int8_best_,
                          best_ / int8_best_, rescored_);
    }
    fmt::print("{}\n", text);
    return line;
  }

 private:
  template <class Top>
  double seconds_per_user(const Top& top) const {
    double best = 1e9;
    for (const double end = monotonic_seconds() + k_slice_seconds; monotonic_seconds() < end;) {
      const double started = monotonic_seconds();
      const auto lists = top();
      best = std::min(best, (monotonic_seconds() - started) / static_cast<double>(lists.size()));
    }
    return best;
  }

  void check() {
    const auto lists = exact_.top(users_.values, requests_, ties_);
    for (std::size_t u = 0; u < users_.rows(); u += 13) {
      std::vector<float> row;
      for (std::size_t i = 0; i < items_.rows(); ++i) {
        float sum = 0;
        for (std::size_t d = 0; d < items_.width; ++d) {
          sum = std::fma(users_.values[u * items_.width + d], items_.values[i * items_.width + d], sum);
        }
        row.push_back(sum);
      }
      require_same(lists[u], top_of_row(requests_[u], row, ties_), "float32 against the definition");
    }
    if (!int8_) return;
    std::vector<std::size_t> rescored;
    const auto again = int8_->top(users_.values, requests_, ties_, &rescored);
    double sum = 0;
    for (std::size_t u = 0; u < lists.size(); ++u) {
      require_same(again[u], lists[u], "int8 against float32");
      sum += static_cast<double>(rescored[u]);
    }
    rescored_ = sum / static_cast<double>(lists.size());
  }

  void require_same(const std::vector<RankedItem>& a, const std::vector<RankedItem>& b, const char* what) const {
    const auto equal = [](const RankedItem& x, const RankedItem& y) { return x.item == y.item && x.score == y.score; };
    if (!std::equal(a.begin(), a.end(), b.begin(), b.end(), equal)) {
      throw NumericError(fmt::format("{}: a wrong list", name_), what);
    }
  }

  std::string name_;
  Vectors items_, users_;
  BlockScorer exact_;
  std::unique_ptr<Int8Scorer> int8_;
  TieBreak ties_;
  std::vector<ItemId> candidates_;
  std::vector<TopRequest> requests_;
  double best_ = 1e9, int8_best_ = 1e9, rescored_ = 0;
};

std::vector<std::unique_ptr<Case>> cases(const ScoringOptions& options) {
  const auto users = static_cast<std::size_t>(options.users);
  std::vector<std::unique_ptr<Case>> all;
  for (const auto& [items, width] : {std::pair<std::size_t, std::size_t>{10'000, 128}, {10'000, 384}, {1'682, 384}}) {
    all.push_back(
        std::make_unique<Case>("random", random_vectors(items, width, 1), random_vectors(users, width, 2), false));
  }
  if (options.vectors.empty()) return all;
  Vectors trained = read_npy(options.vectors);
  to_unit_length(trained);
  const Vectors narrow = first_coordinates(trained, std::min<std::size_t>(128, trained.width));
  all.push_back(std::make_unique<Case>("encoder, 128 of it", narrow, means_of_items(narrow, users), true));
  all.push_back(std::make_unique<Case>("encoder", trained, means_of_items(trained, users), true));
  return all;
}

nlohmann::json measure(const ScoringOptions& options) {
  const auto all = cases(options);
  double peak = 0, copy = 0;
  for (std::int64_t round = 0; round < options.rounds; ++round) {
    peak = std::max(peak, fma_peak_gflops(k_slice_seconds));
    copy = std::max(copy, copy_gigabytes(k_slice_seconds));
    for (const auto& one : all) one->round();
  }
  fmt::print("one core: {:.1f} GFLOP/s of fused multiply-adds, {:.1f} GB/s copied; kernels {} and {}\n", peak, copy,
             BlockScorer::kernels().front(), Int8Scorer::kernels().front());
  nlohmann::json result{{"fma_peak_gflops", peak}, {"copy_gigabytes", copy}, {"cases", nlohmann::json::array()}};
  for (const auto& one : all) result["cases"].push_back(one->report(peak));
  return result;
}

}  // namespace
}  // namespace coldframe::bench

int main(int argument_count, char** arguments) {
  using namespace coldframe;
  bench::ScoringOptions options;
  return bench::job_main(argument_count, arguments, options, [&] {
    const nlohmann::json result = bench::measure(options);
    if (!options.json.empty()) write_json(options.json, result);
  });
}
