#pragma once

#include <filesystem>
#include <optional>

#include "framework/data/dataset.h"
#include "framework/data/import_report.h"
#include "framework/data/impression_log.h"
#include "framework/data/mapping.h"

namespace coldframe {

struct ImportResult {
  Dataset dataset;
  ImportReport report;
  std::optional<ImpressionLog> impressions;  // when the mapping names a file of them
};

/// Reads the files a mapping names from `folder`. Malformed rows are counted and bounded; invalid UTF-8 and repeated
/// ids end the import; of interactions with equal user, item and time the last counts. The result does not depend on
/// the order of the interactions, except for which of two equal ones is the last, and for the rows of entities that
/// only interactions name.
ImportResult import_tables(const Mapping& mapping, const std::filesystem::path& folder);

/// import_tables() into a dataset store that appears complete or not at all.
ImportReport import_dataset(const Mapping& mapping, const std::filesystem::path& folder,
                            const std::filesystem::path& output);

}  // namespace coldframe
