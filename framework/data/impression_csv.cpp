#include "framework/data/impression_csv.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <string>
#include <utility>

namespace coldframe {
namespace {

constexpr std::size_t k_flush_bytes = 1 << 20;

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string text = "\"";
  for (const char c : cell) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string number(double value) { return std::isnan(value) ? std::string() : fmt::format("{}", value); }

}  // namespace

void ImpressionCsvWriter::add(const Dataset& data, const ImpressionLog& log) {
  std::string text;
  if (!std::exchange(begun_, true)) {
    text = "user,period,session,page,position,item,clicked,log_propensity,log_marginal,timestamp";
    text += log.price.empty() ? "" : ",price";
    text += log.query.empty() ? "\n" : ",query\n";
  }
  for (std::size_t row = 0; row < log.size(); ++row) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{},{},{}{}{}\n",
                   quoted(data.users.ids[log.user[row].value()]), log.period[row], log.session[row], log.page[row],
                   log.position[row], quoted(data.items.ids[log.item[row].value()]), log.clicked[row],
                   number(log.log_propensity[row]), log.log_marginal.empty() ? "" : number(log.log_marginal[row]),
                   log.timestamp[row], log.price.empty() ? std::string() : fmt::format(",{}", log.price[row]),
                   log.query.empty() ? std::string() : fmt::format(",{}", quoted(log.queries[log.query[row]])));
    if (text.size() < k_flush_bytes) continue;
    file_.write(text);
    text.clear();
  }
  file_.write(text);
}

void ImpressionCsvWriter::finish() { file_.commit(); }

void write_impression_csv(const std::filesystem::path& path, const Dataset& data, const ImpressionLog& log) {
  ImpressionCsvWriter writer(path);
  writer.add(data, log);
  writer.finish();
}

}  // namespace coldframe
