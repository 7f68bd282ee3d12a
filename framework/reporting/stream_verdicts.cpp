#include "framework/reporting/stream_verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "framework/evaluation/crossed_interval.h"
#include "framework/evaluation/stream_numbers.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr const char* k_titles[] = {"next", "next - popularity", "ACC", "BWT", "FWT"};  // of k_stream_numbers

struct StreamVariant {
  std::string name;
  std::string method;
  std::vector<const RunRecord*> seeds;
};

std::vector<StreamVariant> variants_of(std::span<const NamedRun> runs) {
  std::vector<StreamVariant> variants;
  for (const NamedRun& run : runs) {
    const Json& summary = run.record.summary;
    if (!summary.contains("continual") || run.record.tasks.empty()) continue;
    const std::string name = summary.value("variant", "");
    const auto found = std::ranges::find(variants, name, &StreamVariant::name);
    StreamVariant& variant = found != variants.end() ? *found : variants.emplace_back();
    variant.name = name;
    variant.method = summary.at("continual").at("method");
    variant.seeds.push_back(&run.record);
  }
  return variants;
}

bool same_people(std::span<const TaskPeople> a, std::span<const TaskPeople> b) {
  return std::ranges::equal(a, b, [](const TaskPeople& x, const TaskPeople& y) {
    return x.tested.users == y.tested.users && x.next.users == y.next.users;
  });
}

/// One fold, as many seeds for every variant (two at least), and the same people for all.
bool comparable(std::span<const StreamVariant> variants) {
  if (variants.empty()) return false;
  const RunRecord& first = *variants.front().seeds.front();
  return std::ranges::all_of(variants, [&](const StreamVariant& variant) {
    return variant.seeds.size() >= 2 && variant.seeds.size() == variants.front().seeds.size() &&
           std::ranges::all_of(variant.seeds, [&](const RunRecord* run) {
             return run->summary.value("fold", std::int64_t{0}) == first.summary.value("fold", std::int64_t{0}) &&
                    same_people(run->tasks, first.tasks);
           });
  });
}

/// By seed; empty where one of them lacks the number.
std::vector<PeopleByTask> values_of(const StreamVariant& variant, StreamNumber number) {
  std::vector<PeopleByTask> seeds;
  for (const RunRecord* run : variant.seeds) {
    std::optional<PeopleByTask> people = people_values(run->tasks, number);
    if (!people) return {};
    seeds.push_back(std::move(*people));
  }
  return seeds;
}

Json estimate_json(std::span<const PeopleByTask> seeds, double level) {
  const CrossedEstimate estimate = crossed_estimate(stratified_table(seeds), seeds.size());
  const Interval interval = estimate.interval(level);
  return {{"value", estimate.mean}, {"low", interval.low}, {"high", interval.high}};
}

Json numbers_table(std::span<const StreamVariant> variants, double level) {
  TableBuilder table("stream-strategies", "Tasks that follow each other, over training seeds",
                     fmt::format("means over {} seeds; in brackets intervals over seeds and people, tasks given",
                                 variants.front().seeds.size()));
  table.column("strategy", "strategy").column("method", "method");
  for (std::size_t i = 0; i < k_stream_numbers.size(); ++i) {
    table.column(std::string(to_string(k_stream_numbers[i])), k_titles[i]);
  }
  for (const StreamVariant& variant : variants) {
    Json row{{"strategy", variant.name}, {"method", variant.method}};
    for (const StreamNumber number : k_stream_numbers) {
      const std::vector<PeopleByTask> seeds = values_of(variant, number);
      if (!seeds.empty()) row[std::string(to_string(number))] = estimate_json(seeds, level);
    }
    table.row(std::move(row));
  }
  return table.take();
}

/// A family of comparisons together with the values that it holds spans into.
class Family {
 public:
  void add(std::string name, std::span<const PeopleByTask> differences) {
    if (differences.empty()) return;
    names_.push_back(std::move(name));
    seeds_.push_back(differences.size());
    tables_.push_back(stratified_table(differences));
  }
  std::vector<Judgement> judge(const VerdictRules& rules) const {
    std::vector<StrategyComparison> comparisons;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      comparisons.push_back({names_[i], seeds_[i], Sampled::users, tables_[i]});
    }
    return judge_strategies(comparisons, rules);
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::size_t> seeds_;
  std::vector<std::vector<double>> tables_;
};

std::vector<PeopleByTask> paired(const StreamVariant& a, const StreamVariant& b, StreamNumber number) {
  const std::vector<PeopleByTask> first = values_of(a, number), second = values_of(b, number);
  std::vector<PeopleByTask> differences;
  for (std::size_t seed = 0; seed < std::min(first.size(), second.size()); ++seed) {
    differences.push_back(minus(first[seed], second[seed]));
  }
  return differences;
}

Json verdicts_table(std::span<const StreamVariant> variants, const VerdictRules& rules) {
  Family family;
  for (const StreamVariant& variant : variants) {
    family.add(fmt::format("{} - popularity, next", variant.name), values_of(variant, StreamNumber::next_minus_popularity));
  }
  for (const StreamNumber number : {StreamNumber::next, StreamNumber::average, StreamNumber::backward_transfer}) {
    for (std::size_t a = 0; a < variants.size(); ++a) {
      for (std::size_t b = a + 1; b < variants.size(); ++b) {
        family.add(fmt::format("{} - {}, {}", variants[a].name, variants[b].name, to_string(number)),
                   paired(variants[a], variants[b], number));
      }
    }
  }
  TableBuilder table = verdict_table(
      "verdict-streams", "Verdict about these strategies on a stream of tasks",
      "training seeds and people are samples, tasks are given (crossed variance components of a stratified mean, t "
      "interval with Satterthwaite's degrees of freedom, p averaged over what the variances may be, Holm over this "
      "table); BWT is no verdict where tastes age.");
  for (const Judgement& judgement : family.judge(rules)) table.row(to_json(judgement));
  return table.take();
}

Json next_plot(std::span<const StreamVariant> variants, double level) {
  PlotBuilder plot("stream-next", "People of the next task, before it was trained on", "task", "metric", Marks::line,
                   "means over seeds; intervals over seeds and people");
  const auto draw = [&](const std::string& name, const StreamVariant& variant, auto value_of) {
    const std::size_t tasks = variant.seeds.front()->tasks.size();
    for (std::size_t task = 1; task < tasks; ++task) {
      std::vector<PeopleByTask> seeds;
      for (const RunRecord* run : variant.seeds) {
        const std::vector<double>& values = value_of(run->tasks[task].next);
        if (!values.empty()) seeds.push_back({values});
      }
      if (seeds.size() != variant.seeds.size()) continue;
      const CrossedEstimate estimate = crossed_estimate(stratified_table(seeds), seeds.size());
      plot.mark(name, task + 1, estimate.mean, estimate.interval(level));
    }
  };
  for (const StreamVariant& variant : variants) {
    draw(variant.name, variant, [](const NextCohort& next) -> const std::vector<double>& { return next.model; });
  }
  draw("popularity", variants.front(),
       [](const NextCohort& next) -> const std::vector<double>& { return next.popularity; });
  if (!plot.empty()) plot.dashed("popularity");
  return plot.take();
}

}  // namespace

void add_stream_verdicts(Json& tables, Json& plots, std::span<const NamedRun> runs, const VerdictRules& rules) {
  const std::vector<StreamVariant> variants = variants_of(runs);
  if (!comparable(variants)) return;
  tables.push_back(numbers_table(variants, 1.0 - rules.alpha));
  tables.push_back(verdicts_table(variants, rules));
  if (Json plot = next_plot(variants, 1.0 - rules.alpha); !plot.at("traces").empty()) plots.push_back(std::move(plot));
}

}  // namespace coldframe
