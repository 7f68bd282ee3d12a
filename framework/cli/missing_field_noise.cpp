#include "framework/cli/missing_field_noise.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "framework/text/list_noise.h"
#include "framework/text/template.h"

namespace coldframe {
namespace {

void blank(AttributeColumn& column, std::size_t row) {
  switch (column.kind) {
    case AttributeKind::number:
      column.numbers[row] = std::numeric_limits<double>::quiet_NaN();
      break;
    case AttributeKind::multi:
      column.values[row].clear();
      break;
    case AttributeKind::category:
    case AttributeKind::text:
      column.texts[row].clear();
  }
}

}  // namespace

EntityTable with_missing_fields(EntityTable table, const std::string& pattern, const std::string& pattern_key,
                                double severity, std::span<const KeyedRow> rows) {
  std::vector<AttributeColumn*> columns;
  const Template read(pattern, pattern_key);
  for (const std::string& field : read.fields()) {
    const auto column = std::ranges::find(table.columns, field, &AttributeColumn::name);
    if (column != table.columns.end()) columns.push_back(&*column);
  }
  for (const KeyedRow& keyed : rows) {
    const std::vector<bool> missing = missing_fields(columns.size(), severity, keyed.key);
    for (std::size_t f = 0; f < columns.size(); ++f) {
      if (missing[f]) blank(*columns[f], keyed.row);
    }
  }
  return table;
}

}  // namespace coldframe
