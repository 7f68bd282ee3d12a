#include "framework/reporting/newcomer_slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_most_plotted = 12;  // cells side by side

/// Users of a cell, and how well a scorer serves them.
struct Cell {
  std::string name;
  std::vector<std::size_t> users;  // places in PooledRuns::users
  std::function<std::vector<double>(const PooledShot&)> values;  // of all users
};

struct Slicing {
  std::string id, title, note;
  std::vector<Cell> cells;
};

std::vector<std::size_t> users_with_targets(const PooledRuns& runs, std::size_t cell) {
  std::vector<std::size_t> users;
  const std::vector<double> values = runs.scorers.front().rows.front().cell_over_seeds(cell);
  for (std::size_t u = 0; u < values.size(); ++u) {
    if (!std::isnan(values[u])) users.push_back(u);
  }
  return users;
}

std::vector<Slicing> target_slicings(const PooledRuns& runs) {
  const std::string metric = to_string(runs.metrics[0]);
  std::vector<Slicing> slicings;
  for (std::size_t c = 0; c < runs.cells.size(); ++c) {
    const SliceCell& cell = runs.cells[c];
    const std::string id = "slice-" + cell.slicing;
    if (slicings.empty() || slicings.back().id != id) {
      const char* what = cell.slicing == "age" ? "age of the items when they were liked" : "likes of the items in training";
      slicings.push_back({id, fmt::format("{} by {}", metric, what),
                          "The same lists; only what a newcomer likes in that cell counts as to be found, and only "
                          "newcomers with such a like are in it.",
                          {}});
      if (cell.slicing == "age") {
        slicings.back().note += " An item's age counts from its first interaction where the data do not say when it came.";
      } else {
        slicings.back().note += " head: the most liked items that hold half of all likes in training; middle: up to nine "
                                "tenths; tail: the rest; cold: items without a like.";
      }
    }
    slicings.back().cells.push_back({cell.bucket, users_with_targets(runs, c), [c](const PooledShot& shot) {
                                       return shot.cell_over_seeds(c);
                                     }});
  }
  return slicings;
}

/// The rule as part of a file name: gender*age:30 is gender-age-30.
std::string plain_name(std::string text) {
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!plain) c = '-';
  }
  return text;
}

std::vector<Slicing> user_groupings(const PooledRuns& runs) {
  std::vector<Slicing> slicings;
  for (const UserLabels& grouping : runs.groups) {
    slicings.push_back({"group-" + plain_name(grouping.name), fmt::format("{} by {}", to_string(runs.metrics[0]), grouping.name),
                        "Newcomers without a value are in no group. For gaps beside what chance would show: "
                        "coldframe fairness.",
                        {}});
    std::set<std::string> labels(grouping.labels.begin(), grouping.labels.end());
    labels.erase("");
    for (const std::string& label : labels) {
      Cell& cell = slicings.back().cells.emplace_back(Cell{label, {}, [](const PooledShot& shot) {
                                                             return shot.over_seeds(0);
                                                           }});
      for (std::size_t u = 0; u < grouping.labels.size(); ++u) {
        if (grouping.labels[u] == label) cell.users.push_back(u);
      }
    }
  }
  return slicings;
}

/// Tables go to files of their names: no two may have one.
void make_unique_ids(std::vector<Slicing>& slicings) {
  std::set<std::string> known;
  for (Slicing& slicing : slicings) {
    const std::string base = slicing.id;
    for (int copy = 2; !known.insert(slicing.id).second; ++copy) slicing.id = fmt::format("{}-{}", base, copy);
  }
}

/// Those whose cells are worth a line: what is compared, and what it has to beat.
std::vector<const PooledScorer*> shown_scorers(const PooledRuns& runs) {
  std::vector<const PooledScorer*> shown;
  for (const PooledScorer& scorer : runs.scorers) {
    if (scorer.role == "strategy" || scorer.name == "popularity" || scorer.name.starts_with("frozen encoder")) {
      shown.push_back(&scorer);
    }
  }
  return shown;
}

/// Means over the users of a cell at one k, and differences to popularity; one paired bootstrap for all scorers.
class CellNumbers {
 public:
  CellNumbers(const PooledRuns& runs, std::span<const PooledScorer* const> scorers, const Cell& cell, std::size_t shots,
              const BootstrapOptions& options) {
    std::vector<std::vector<double>> columns;
    for (const PooledScorer* scorer : scorers) {
      const PooledShot* shot = scorer->find(shots);
      column_.push_back(shot == nullptr ? -1 : static_cast<int>(columns.size()));
      if (shot == nullptr) continue;
      if (scorer->name == "popularity") popularity_ = column_.back();
      columns.push_back(cell.values(*shot));
    }
    bootstrap_ = std::make_unique<PairedBootstrap>(columns.size(), options);
    std::vector<double> values(columns.size());
    for (const std::size_t user : cell.users) {
      for (std::size_t c = 0; c < columns.size(); ++c) values[c] = columns[c][user];
      bootstrap_->add(runs.users[user], values);
    }
  }

  std::optional<Estimate> mean(std::size_t scorer) const {
    if (column_[scorer] < 0) return std::nullopt;
    return bootstrap_->mean(static_cast<std::size_t>(column_[scorer]));
  }
  /// Empty for popularity itself.
  std::optional<Estimate> over_popularity(std::size_t scorer) const {
    if (column_[scorer] < 0 || popularity_ < 0 || column_[scorer] == popularity_) return std::nullopt;
    return bootstrap_->difference(static_cast<std::size_t>(column_[scorer]), static_cast<std::size_t>(popularity_));
  }

 private:
  std::vector<int> column_;  // of every scorer; -1: it has none at this k
  int popularity_ = -1;
  std::unique_ptr<PairedBootstrap> bootstrap_;
};

void add_cell(const NewcomerFindings& findings, const Cell& cell, const VerdictRules& rules, TableBuilder& table,
              PlotBuilder& plot) {
  const PooledRuns& runs = findings.runs;
  const std::vector<const PooledScorer*> scorers = shown_scorers(runs);
  const bool enough = cell.users.size() >= rules.minimum_users;
  BootstrapOptions options = rules.bootstrap;
  options.level = 1.0 - rules.alpha;
  std::vector<CellNumbers> numbers;
  for (const std::size_t shots : runs.shots) {
    if (enough) numbers.emplace_back(runs, scorers, cell, shots, options);
  }
  for (std::size_t s = 0; s < scorers.size(); ++s) {
    Json row = {{"scorer", scorers[s]->name}, {"group", cell.name}, {"users", cell.users.size()}};
    if (!enough) row["size"] = "too few";
    for (std::size_t n = 0; n < numbers.size(); ++n) {
      const std::optional<Estimate> mean = numbers[n].mean(s), over = numbers[n].over_popularity(s);
      if (mean) row[fmt::format("k{}", runs.shots[n])] = to_json(*mean);
      if (over) row[fmt::format("over_k{}", runs.shots[n])] = to_json(*over);
      if (n == 0 && mean) plot.mark(scorers[s]->name, cell.name, mean->value, mean->interval);
      if (n == 0 && mean && scorers[s]->role != "strategy") plot.dashed(scorers[s]->name);
    }
    table.row(std::move(row));
  }
}

}  // namespace

void add_slices(Json& tables, Json& plots, const NewcomerFindings& findings, const VerdictRules& rules) {
  const PooledRuns& runs = findings.runs;
  std::vector<Slicing> slicings = target_slicings(runs);
  for (Slicing& grouping : user_groupings(runs)) slicings.push_back(std::move(grouping));
  make_unique_ids(slicings);
  for (const Slicing& slicing : slicings) {
    TableBuilder table(slicing.id, slicing.title,
                       fmt::format("{} 95 % paired bootstrap intervals over the users of a cell, each by itself; fewer "
                                   "than {} users: too few.",
                                   slicing.note, rules.minimum_users));
    table.column("scorer", "scorer").column("group", "cell").column("users", "users").column("size", "size");
    for (const std::size_t k : runs.shots) table.column(fmt::format("k{}", k), fmt::format("k = {}", k));
    for (const std::size_t k : runs.shots) {
      table.column(fmt::format("over_k{}", k), fmt::format("over popularity, k = {}", k));
    }
    PlotBuilder plot(slicing.id, fmt::format("{}, k = {}", slicing.title, runs.shots.front()), "",
                     to_string(runs.metrics[0]), Marks::points,
                     "95 % bootstrap intervals over the users of a cell; cells with too few users are left out");
    for (const Cell& cell : slicing.cells) add_cell(findings, cell, rules, table, plot);
    tables.push_back(table.take());
    if (!plot.empty() && slicing.cells.size() <= k_most_plotted) plots.push_back(plot.take());
  }
}

}  // namespace coldframe
