#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace coldframe {

/// What became of the rows of one file.
struct TableReport {
  struct Dropped {
    std::size_t count = 0;
    std::vector<std::string> first;  // "ratings.csv:17 `12,abc`", a few
  };

  std::string table;  // "interactions", "impressions", "users", "items"
  std::string file;
  std::string sha256;
  std::string provenance;  // "as published", "not the published file", or empty where nothing is known
  std::size_t rows_read = 0;
  std::size_t rows_kept = 0;
  std::map<std::string, Dropped> malformed;             // by reason; bounded by the mapping's share
  std::map<std::string, std::size_t> dropped;           // by reason; not the row's fault (unknown item, duplicate)
  std::map<std::string, std::size_t> unreadable_cells;  // by attribute; taken as missing

  std::size_t malformed_rows() const;
};

/// What an import did, for people and for the record.
struct ImportReport {
  std::string dataset;
  std::string licence;
  std::vector<TableReport> tables;
  std::size_t users = 0, users_created = 0;  // created: named by an interaction only
  std::size_t items = 0, items_created = 0;
  std::size_t interactions = 0;
  bool implicit = false;
  bool timed = true;
  std::string content_sha256;

  std::string text() const;
};

}  // namespace coldframe
