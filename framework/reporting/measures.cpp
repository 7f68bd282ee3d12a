#include "framework/reporting/measures.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {

using Json = nlohmann::json;

Measure measure_of(const Estimate& estimate) {
  Measure measure;
  if (estimate.users > 0) measure.value = estimate.value;
  measure.estimated = true;
  measure.interval = estimate.interval;
  return measure;
}

void Measures::add(std::string name, std::function<Measure()> make) {
  makers_.insert_or_assign(std::move(name), std::move(make));
}

void Measures::add_value(std::string name, std::optional<double> value) {
  add(std::move(name), [value] { return Measure{value, false, std::nullopt, {}, {}}; });
}

Measure Measures::find(const std::string& name) const {
  const auto found = makers_.find(name);
  if (found == makers_.end()) throw DataError(fmt::format("{} is no measure", name), {}, suggest_name(name, names()));
  return found->second();
}

std::vector<std::string> Measures::names() const {
  std::vector<std::string> names;
  for (const auto& [name, make] : makers_) names.push_back(name);
  return names;
}

std::string measure_word(std::string_view name) {
  std::string word;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || std::string_view("@.+-*:").find(c) != std::string_view::npos ||
        static_cast<unsigned char>(c) >= 128) {
      word += c;
    } else if (!word.empty() && word.back() != '_') {
      word += '_';
    }
  }
  for (const char sign : {'+', '-'}) {
    const std::string apart = {'_', sign, '_'};
    for (std::size_t at = word.find(apart); at != std::string::npos; at = word.find(apart))
      word.replace(at, 3, 1, sign);
  }
  while (word.ends_with('_')) word.pop_back();
  return word;
}

Json to_json(const Measures& measures) {
  Json all = Json::object();
  for (const std::string& name : measures.names()) {
    const Measure measure = measures.find(name);
    Json cell{{"value", measure.value ? Json(*measure.value) : Json()}};
    if (measure.estimated) {
      cell["low"] = measure.interval ? Json(measure.interval->low) : Json();
      cell["high"] = measure.interval ? Json(measure.interval->high) : Json();
    }
    all[name] = std::move(cell);
  }
  return all;
}

}  // namespace coldframe
