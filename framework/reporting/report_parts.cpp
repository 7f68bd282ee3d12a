#include "framework/reporting/report_parts.h"

#include <algorithm>

namespace coldframe {

using Json = nlohmann::json;

TableBuilder::TableBuilder(std::string id, std::string title, std::string note)
    : table_{{"id", std::move(id)},
             {"title", std::move(title)},
             {"note", std::move(note)},
             {"columns", Json::array()},
             {"rows", Json::array()}} {}

TableBuilder& TableBuilder::column(std::string key, std::string title) {
  table_["columns"].push_back({{"key", std::move(key)}, {"title", std::move(title)}});
  return *this;
}

TableBuilder& TableBuilder::row(Json cells) {
  table_["rows"].push_back(std::move(cells));
  return *this;
}

PlotBuilder::PlotBuilder(std::string id, std::string title, std::string x_title, std::string y_title, Marks marks,
                         std::string note)
    : plot_{{"id", std::move(id)},
            {"title", std::move(title)},
            {"note", std::move(note)},
            {"x_title", std::move(x_title)},
            {"y_title", std::move(y_title)},
            {"lines", marks == Marks::line},
            {"forest", marks == Marks::forest},
            {"heat", marks == Marks::heat},
            {"x_log", false},
            {"traces", Json::array()}} {}

PlotBuilder& PlotBuilder::log_x_if_positive() {
  const Json& traces = plot_.at("traces");
  plot_["x_log"] = std::ranges::all_of(traces, [](const Json& trace) {
    return std::ranges::all_of(trace.at("x"), [](const Json& x) { return x.is_number() && x.get<double>() > 0.0; });
  });
  return *this;
}

Json& PlotBuilder::trace(const std::string& name) {
  Json& traces = plot_["traces"];
  for (Json& trace : traces) {
    if (trace["name"] == name) return trace;
  }
  traces.push_back({{"name", name},
                    {"dash", false},
                    {"x", Json::array()},
                    {"y", Json::array()},
                    {"low", Json::array()},
                    {"high", Json::array()}});
  return traces.back();
}

PlotBuilder& PlotBuilder::mark(const std::string& name, Json x, Json y, const std::optional<Interval>& interval) {
  Json& to = trace(name);
  to["x"].push_back(std::move(x));
  to["y"].push_back(std::move(y));
  to["low"].push_back(interval ? Json(interval->low) : Json());
  to["high"].push_back(interval ? Json(interval->high) : Json());
  return *this;
}

PlotBuilder& PlotBuilder::cell(const std::string& row, const std::string& column, Json value) {
  Json& drawn = trace("");
  const auto place = [](Json& names, const std::string& name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return i;
    }
    names.push_back(name);
    return names.size() - 1;
  };
  const std::size_t y = place(drawn["y"], row), x = place(drawn["x"], column);
  drawn["z"][y][x] = std::move(value);
  return *this;
}

PlotBuilder& PlotBuilder::dashed(const std::string& name) {
  trace(name)["dash"] = true;
  return *this;
}

PlotBuilder& PlotBuilder::line(const std::string& name) {
  trace(name)["line"] = true;
  return *this;
}

PlotBuilder& PlotBuilder::highlight(const std::string& name, bool out) {
  trace(name)["highlight"] = out;
  return *this;
}

Json to_json(const Estimate& estimate) {
  Json low, high;
  if (estimate.interval) {
    low = estimate.interval->low;
    high = estimate.interval->high;
  }
  return {{"value", estimate.value}, {"low", low}, {"high", high}};
}

Json to_json(const Judgement& judgement) {
  const bool measured = judgement.difference.users > 0;
  Json difference, p, holm, detectable;
  if (measured) {
    difference = to_json(judgement.difference);
    p = judgement.p_value;
    holm = judgement.holm_p_value;
    detectable = judgement.minimum_detectable_effect;
  }
  return {{"comparison", judgement.name},
          {"difference", difference},
          {"p", p},
          {"holm_p", holm},
          {"detectable", detectable},
          {"verdict", std::string(to_string(judgement.verdict))},
          {"reason", judgement.reason}};
}

TableBuilder verdict_table(std::string id, std::string title, std::string note) {
  TableBuilder table(std::move(id), std::move(title), std::move(note));
  table.column("comparison", "first - second")
      .column("difference", "difference")
      .column("p", "p")
      .column("holm_p", "p after Holm")
      .column("detectable", "smallest difference it would find (80 % power)")
      .column("verdict", "verdict")
      .column("reason", "why");
  return table;
}

}  // namespace coldframe
