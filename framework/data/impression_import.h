#pragma once

#include "framework/data/impression_log.h"
#include "framework/data/mapping.h"
#include "framework/data/table_import.h"

namespace coldframe::detail {

/// Reads `[impressions]` of a mapping: rows by (user, period, session, page, position). Ids that no table knows are
/// treated as the mapping's interactions are. Without a page column every row is a page of its own, numbered by time.
/// Throws DataError when two rows have one place on a page.
ImpressionLog import_impressions(TableImport& import, const Mapping& mapping, EntityImport& users, EntityImport& items);

/// The clicks, for a mapping whose interactions have no file of their own.
Interactions clicks_of(const ImpressionLog& log, bool timed);

}  // namespace coldframe::detail
