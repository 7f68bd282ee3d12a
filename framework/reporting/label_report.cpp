#include "framework/reporting/label_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_hardest = 5;  // classes of a head that the text shows

std::vector<std::vector<LabelPrediction>> predictions_of(const LabelInput& input) {
  std::vector<std::vector<LabelPrediction>> all;
  for (const LabelClassifier& classifier : input.classifiers) {
    if (classifier.rows.size() != input.labels.size()) {
      throw DataError(fmt::format("{} predictions of {} for {} texts", classifier.rows.size(), classifier.name,
                                  input.labels.size()));
    }
    all.push_back(classifier.rows);
  }
  return all;
}

Json optional_number(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json score_table(const LabelInput& input, const LabelBootstrap& bootstrap, const VerdictRules& rules) {
  TableBuilder table(
      "classify", fmt::format("{} classes of {} texts ({})", input.classes.size(), input.labels.size(), input.task),
      "accuracy is micro precision, recall and F1 too, as every text has one class; macro: mean over classes, 0/0 = 0; "
      "Brier: sum over classes; ECE: top label, 15 bins of equal mass, beside the ECE of perfect calibration; gap: "
      "mean "
      "confidence - accuracy. Ridge and temperature were chosen on role V");
  table.column("scorer", "encoder").column("kind", "head").column("accuracy", "accuracy");
  table.column("macro_precision", "macro P").column("macro_recall", "macro R").column("macro_f1", "macro F1");
  table.column("log_loss", "log loss").column("brier", "Brier").column("ece", "ECE").column("ece_null", "ECE, perfect");
  table.column("ece_max", "largest").column("confidence_gap", "gap").column("undefined", "0/0");
  table.column("ridge", "ridge").column("temperature", "temperature");
  for (std::size_t s = 0; s < input.classifiers.size(); ++s) {
    const LabelClassifier& one = input.classifiers[s];
    std::vector<std::uint32_t> predicted;
    for (const LabelPrediction& row : one.rows) predicted.push_back(row.predicted);
    const ClassificationScores scores = classification_scores(input.labels, predicted, input.classes.size());
    const TopLabelCalibration calibration =
        top_label_calibration(one.rows, input.labels, input.texts, rules.bootstrap.seed);
    const auto estimate = [&](LabelScore score) { return to_json(bootstrap.score(s, score)); };
    table.row({{"scorer", one.name},
               {"kind", one.kind},
               {"accuracy", estimate(LabelScore::accuracy)},
               {"macro_precision", estimate(LabelScore::macro_precision)},
               {"macro_recall", estimate(LabelScore::macro_recall)},
               {"macro_f1", estimate(LabelScore::macro_f1)},
               {"log_loss", estimate(LabelScore::log_loss)},
               {"brier", estimate(LabelScore::brier)},
               {"ece", calibration.error.expected},
               {"ece_null", calibration.null_error},
               {"ece_max", calibration.error.maximum},
               {"confidence_gap", estimate(LabelScore::confidence_gap)},
               {"undefined", scores.undefined},
               {"ridge", one.ridge ? Json(fmt::format("{:g}", *one.ridge)) : Json()},
               {"temperature", optional_number(one.temperature)}});
  }
  return table.take();
}

/// Each encoder behind the first one, beside the same kind of head on the first.
std::vector<std::pair<std::size_t, std::size_t>> pairs_of(const LabelInput& input) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t s = 0; s < input.classifiers.size(); ++s) {
    const auto first = std::ranges::find(input.classifiers, input.classifiers[s].kind, &LabelClassifier::kind);
    const auto reference = static_cast<std::size_t>(first - input.classifiers.begin());
    if (reference != s) pairs.emplace_back(s, reference);
  }
  return pairs;
}

std::vector<Judgement> judge(const LabelInput& input, std::span<const std::pair<std::size_t, std::size_t>> pairs,
                             const VerdictRules& rules) {
  std::vector<std::vector<double>> right;
  for (const LabelClassifier& one : input.classifiers) {
    std::vector<double>& of_classifier = right.emplace_back();
    for (std::size_t r = 0; r < input.labels.size(); ++r) {
      of_classifier.push_back(one.rows[r].predicted == input.labels[r] ? 1.0 : 0.0);
    }
  }
  std::vector<CheckpointComparison> family;
  for (const auto& [mine, theirs] : pairs) {
    family.push_back({input.classifiers[mine].name, input.texts, right[mine], right[theirs]});
  }
  return judge_checkpoints(family, rules);
}

Json difference_table(const LabelInput& input, const LabelBootstrap& bootstrap, const VerdictRules& rules) {
  TableBuilder table("classify-differences", "Each encoder minus the first one",
                     "paired by text, the same kind of head; verdict on accuracy, Holm over this table");
  table.column("scorer", "encoder").column("kind", "head").column("against", "against");
  table.column("accuracy", "accuracy").column("macro_f1", "macro F1").column("log_loss", "log loss");
  table.column("brier", "Brier").column("holm_p", "Holm p").column("detectable", "found with 80 %");
  table.column("verdict", "accuracy is");
  const auto pairs = pairs_of(input);
  const std::vector<Judgement> judged = judge(input, pairs, rules);
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const auto [mine, theirs] = pairs[p];
    const auto difference = [&, a = mine, b = theirs](LabelScore score) {
      return to_json(bootstrap.difference(a, b, score));
    };
    table.row({{"scorer", input.classifiers[mine].name},
               {"kind", input.classifiers[mine].kind},
               {"against", input.classifiers[theirs].name},
               {"accuracy", difference(LabelScore::accuracy)},
               {"macro_f1", difference(LabelScore::macro_f1)},
               {"log_loss", difference(LabelScore::log_loss)},
               {"brier", difference(LabelScore::brier)},
               {"holm_p", judged[p].holm_p_value},
               {"detectable", judged[p].minimum_detectable_effect},
               {"verdict", to_string(judged[p].verdict)}});
  }
  return table.take();
}

/// The class that the texts of one are most often taken for by mistake; null where there is none.
Json taken_for(const LabelInput& input, const LabelClassifier& one, std::uint32_t label) {
  std::map<std::uint32_t, std::size_t> mistakes;
  for (std::size_t r = 0; r < input.labels.size(); ++r) {
    if (input.labels[r] == label && one.rows[r].predicted != label) ++mistakes[one.rows[r].predicted];
  }
  if (mistakes.empty()) return {};
  const auto most = std::ranges::max_element(mistakes, {}, [](const auto& entry) { return entry.second; });
  return fmt::format("{} ({})", input.classes[most->first], most->second);
}

Json class_table(const LabelInput& input) {
  TableBuilder table("classify-classes", "Every class",
                     "taken for: the class it is most often confused with, and how often");
  table.column("scorer", "encoder").column("kind", "head").column("class", "class").column("texts", "texts");
  table.column("precision", "precision").column("recall", "recall").column("f1", "F1").column("mistaken", "taken for");
  std::vector<std::size_t> texts(input.classes.size());
  for (const std::uint32_t label : input.labels) ++texts[label];
  for (const LabelClassifier& one : input.classifiers) {
    if (one.kind != "linear") continue;
    std::vector<std::uint32_t> predicted;
    for (const LabelPrediction& row : one.rows) predicted.push_back(row.predicted);
    const ClassificationScores scores = classification_scores(input.labels, predicted, input.classes.size());
    for (std::uint32_t c = 0; c < input.classes.size(); ++c) {
      table.row({{"scorer", one.name},
                 {"kind", one.kind},
                 {"class", input.classes[c]},
                 {"texts", texts[c]},
                 {"precision", scores.classes[c].precision},
                 {"recall", scores.classes[c].recall},
                 {"f1", scores.classes[c].f1},
                 {"mistaken", taken_for(input, one, c)}});
    }
  }
  return table.take();
}

Json strategies_of(const LabelInput& input) {
  Json names = Json::array();
  for (const LabelClassifier& one : input.classifiers) {
    if (one.trained && std::ranges::find(names, Json(one.name)) == names.end()) names.push_back(one.name);
  }
  return names;
}

Json limits_of(const LabelInput& input, const VerdictRules& rules) {
  Json limits = input.limits;
  if (input.labels.size() < rules.minimum_users) {
    limits.push_back(
        fmt::format("{} texts: too few for any claim ({} are asked for)", input.labels.size(), rules.minimum_users));
  }
  std::vector<bool> tested(input.classes.size());
  for (const std::uint32_t label : input.labels) tested[label] = true;
  if (const auto absent = std::ranges::count(tested, false); absent > 0) {
    limits.push_back(
        fmt::format("{} classes have no text in the test: their recall counts as 0 in macro means", absent));
  }
  limits.push_back(
      "heads are fitted on vectors that stay as they are: what a classifier trained end to end would reach is "
      "not known");
  limits.push_back("one training run says nothing about its strategy: other seeds may be better or worse");
  return limits;
}

/// Rows with the lowest F1 of every encoder.
Json hardest(const Json& classes) {
  Json shown = classes;
  shown["title"] = fmt::format("The {} classes with the lowest F1", k_hardest);
  shown["rows"] = Json::array();
  std::vector<std::vector<Json>> by_encoder;
  for (const Json& row : classes.at("rows")) {
    if (by_encoder.empty() || by_encoder.back().front().at("scorer") != row.at("scorer")) by_encoder.emplace_back();
    by_encoder.back().push_back(row);
  }
  for (std::vector<Json>& rows : by_encoder) {
    std::ranges::stable_sort(rows, {}, [](const Json& row) { return row.at("f1").get<double>(); });
    rows.resize(std::min(rows.size(), k_hardest));
    for (Json& row : rows) shown["rows"].push_back(std::move(row));
  }
  return shown;
}

}  // namespace

Json label_report(const LabelInput& input, const VerdictRules& rules) {
  BootstrapOptions options = rules.bootstrap;
  options.level = 1.0 - rules.alpha;
  const LabelBootstrap bootstrap(input.texts, input.labels, input.classes.size(), predictions_of(input), options);
  Json tables = Json::array(
      {score_table(input, bootstrap, rules), difference_table(input, bootstrap, rules), class_table(input)});
  return {{"format", 1},
          {"facts",
           {{"task", input.task},
            {"classes", input.classes},
            {"trained", input.trained},
            {"validated", input.validated},
            {"tested", input.labels.size()},
            {"strategies", strategies_of(input)}}},
          {"tables", std::move(tables)},
          {"limits", limits_of(input, rules)}};
}

std::string label_report_text(const Json& report) {
  const Json& facts = report.at("facts");
  std::string text = fmt::format("{} texts to fit heads, {} to choose ridge and temperature, {} to test\n\n",
                                 facts.at("trained").get<std::size_t>(), facts.at("validated").get<std::size_t>(),
                                 facts.at("tested").get<std::size_t>());
  for (const Json& table : report.at("tables")) {
    if (table.at("rows").empty()) continue;
    text += table_text(table.at("id") == "classify-classes" ? hardest(table) : table) + '\n';
  }
  text += "what cannot be concluded:\n";
  for (const Json& limit : report.at("limits")) text += fmt::format("  {}\n", limit.get<std::string>());
  return text;
}

}  // namespace coldframe
