#include "framework/simulation/synthetic_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/philox.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

/// Slots of one item's draws within a column.
enum class Draw : std::uint32_t { row, other, coin, kernel, words };

/// Rows in the order of their ids' hashes, so that the order of a file changes nothing.
std::vector<std::size_t> hashed_order(const EntityTable& items) {
  std::vector<std::size_t> rows(items.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::ranges::sort(rows, {}, [&](std::size_t row) { return stable_hash(items.ids[row]); });
  return rows;
}

/// Silverman's rule of thumb, .9 min(sd, IQR / 1.34) n^(-1/5); the standard deviation where the quartiles agree.
double kernel_width(std::vector<double> values) {
  const auto n = static_cast<double>(values.size());
  if (n < 2) return 0;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / (n - 1));
  std::ranges::sort(values);
  const double spread = (sorted_quantile(values, 0.75) - sorted_quantile(values, 0.25)) / 1.34;
  return 0.9 * (spread > 0 ? std::min(deviation, spread) : deviation) * std::pow(n, -0.2);
}

/// What is known about a column of the catalogue.
class ColumnLaw {
 public:
  ColumnLaw(const AttributeColumn& column, std::uint32_t number, const std::vector<std::size_t>& rows,
            const SyntheticItemOptions& options)
      : column_(column), rows_(rows), smoothing_(options.smoothing) {
    random_ = KeyedRandom(derived_seed(options.seed, fmt::format("synthetic items, column {}", number).c_str()),
                          Purpose::population);
    for (const std::size_t row : rows) {
      if (column.kind == AttributeKind::number && !std::isnan(column.numbers[row]))
        numbers_.push_back(column.numbers[row]);
      if (column.kind == AttributeKind::text) add_words(column.texts[row], words_);
      if (column.kind == AttributeKind::multi) {
        words_.insert(words_.end(), column.values[row].begin(), column.values[row].end());
      }
    }
    width_ = kernel_width(numbers_);
    whole_ = std::ranges::all_of(numbers_, [](double value) { return value == std::floor(value); });
  }

  /// A cell for a new item whose other cells follow `row`.
  void draw(UserKey item, std::size_t row, AttributeColumn& out) const {
    switch (column_.kind) {
      case AttributeKind::category:
        out.texts.push_back(column_.texts[coin(item) ? another(item) : row]);
        return;
      case AttributeKind::number:
        out.numbers.push_back(number(item, coin(item) ? another(item) : row));
        return;
      case AttributeKind::multi:
        out.values.push_back(several(item, column_.values[row]));
        return;
      case AttributeKind::text:
        out.texts.push_back(text(item, column_.texts[row]));
        return;
    }
  }

 private:
  static void add_words(const std::string& text, std::vector<std::string>& words) {
    std::istringstream stream(text);
    for (std::string word; stream >> word;) words.push_back(std::move(word));
  }
  PhiloxBlock block(UserKey item, Draw draw, std::size_t k = 0) const {
    return random_.block(item, 0, static_cast<std::uint32_t>(draw), static_cast<std::uint32_t>(k));
  }
  bool coin(UserKey item, std::size_t k = 0) const {
    return uniform_double(block(item, Draw::coin, k)[0]) < smoothing_;
  }
  std::size_t another(UserKey item) const {
    return rows_[uniform_below(block(item, Draw::other)[0], static_cast<std::uint32_t>(rows_.size()))];
  }
  const std::string& word(UserKey item, std::size_t k) const {
    return words_[uniform_below(block(item, Draw::words, k)[0], static_cast<std::uint32_t>(words_.size()))];
  }

  double number(UserKey item, std::size_t row) const {
    const double value = column_.numbers[row];
    if (std::isnan(value)) return value;
    const PhiloxBlock words = block(item, Draw::kernel);
    const double moved = value + width_ * standard_normals(words[0], words[1])[0];
    const auto [low, high] = std::ranges::minmax(numbers_);
    return std::clamp(whole_ ? std::round(moved) : moved, low, high);
  }

  /// Each value once, in the order of the row.
  std::vector<std::string> several(UserKey item, const std::vector<std::string>& values) const {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < values.size(); ++k) {
      const std::string& value = coin(item, k) ? word(item, k) : values[k];
      if (std::ranges::find(out, value) == out.end()) out.push_back(value);
    }
    return out;
  }

  std::string text(UserKey item, const std::string& like) const {
    std::vector<std::string> shape;
    add_words(like, shape);
    std::string out;
    for (std::size_t k = 0; k < shape.size(); ++k) out += (k == 0 ? "" : " ") + word(item, k);
    return out;
  }

  const AttributeColumn& column_;
  const std::vector<std::size_t>& rows_;
  double smoothing_;
  KeyedRandom random_{0, Purpose::population};
  std::vector<double> numbers_;     // that are not missing
  std::vector<std::string> words_;  // of texts, or values of several categories, as often as they occur
  double width_ = 0;
  bool whole_ = false;
};

}  // namespace

EntityTable draw_synthetic_items(const EntityTable& items, const SyntheticItemOptions& options) {
  if (items.size() == 0) throw DataError("synthetic items", "the catalogue is empty", "give items to make them like");
  EntityTable out;
  const std::vector<std::size_t> rows = hashed_order(items);
  const KeyedRandom random(derived_seed(options.seed, "synthetic items"), Purpose::population);
  std::vector<ColumnLaw> laws;
  for (std::uint32_t c = 0; c < items.columns.size(); ++c) {
    laws.emplace_back(items.columns[c], c, rows, options);
    out.columns.push_back({items.columns[c].name, items.columns[c].kind, {}, {}, {}});
  }
  for (std::size_t n = 0; n < options.count; ++n) {
    const UserKey item(n);
    out.ids.push_back(fmt::format("synthetic-{}", n + 1));
    const std::size_t row = rows[uniform_below(random.block(item)[0], static_cast<std::uint32_t>(rows.size()))];
    for (std::size_t c = 0; c < laws.size(); ++c) laws[c].draw(item, row, out.columns[c]);
  }
  for (const std::string& id : out.ids) {
    if (std::ranges::find(items.ids, id) == items.ids.end()) continue;
    throw DataError(fmt::format("item {}", id), "synthetic items are named so, and the data set has such an item",
                    "rename it, or make none");
  }
  return out;
}

void append_items(Dataset& data, const EntityTable& items) {
  bool alike = data.items.columns.size() == items.columns.size();
  for (std::size_t c = 0; alike && c < items.columns.size(); ++c) {
    alike = data.items.columns[c].name == items.columns[c].name && data.items.columns[c].kind == items.columns[c].kind;
  }
  if (!alike) {
    throw DataError("synthetic items of the population", "they have other columns than the items of data.path",
                    "use the data set that the population was made from");
  }
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  add(data.items.ids, items.ids);
  for (std::size_t c = 0; c < items.columns.size(); ++c) {
    add(data.items.columns[c].texts, items.columns[c].texts);
    add(data.items.columns[c].numbers, items.columns[c].numbers);
    add(data.items.columns[c].values, items.columns[c].values);
  }
  data.item_available_from.resize(data.items.size(), Dataset::k_always);
  data.item_available_to.resize(data.items.size(), Dataset::k_forever);
}

}  // namespace coldframe
