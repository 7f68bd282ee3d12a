#include "framework/data/impression_csv.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <string>

#include "framework/core/atomic_file.h"

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

void write_impression_csv(const std::filesystem::path& path, const Dataset& data, const ImpressionLog& log) {
  AtomicFile file(path);
  std::string text = "user,period,session,page,position,item,clicked,log_propensity,log_marginal,timestamp";
  text += log.query.empty() ? "\n" : ",query\n";
  for (std::size_t row = 0; row < log.size(); ++row) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{},{},{}{}\n",
                   quoted(data.users.ids[log.user[row].value()]), log.period[row], log.session[row], log.page[row],
                   log.position[row], quoted(data.items.ids[log.item[row].value()]), log.clicked[row],
                   number(log.log_propensity[row]), log.log_marginal.empty() ? "" : number(log.log_marginal[row]),
                   log.timestamp[row],
                   log.query.empty() ? std::string() : fmt::format(",{}", quoted(log.queries[log.query[row]])));
    if (text.size() < k_flush_bytes) continue;
    file.write(text);
    text.clear();
  }
  file.write(text);
  file.commit();
}

}  // namespace coldframe
