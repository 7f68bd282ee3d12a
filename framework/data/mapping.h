#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/data/dataset.h"

namespace coldframe {

/// `[source]` of a mapping: what the data set is and how much damage is tolerated.
struct SourceOptions final : Options {
  std::string name;
  std::string licence;
  double max_malformed_share = 0.01;  // of the rows of a file
  std::int64_t shown_rows = 3;        // malformed rows shown per reason

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// How a file is written; part of every table section.
struct FileOptions {
  std::string file;  // in the input folder; file.gz is found too
  std::string format = "delimited";
  std::string delimiter = "comma";
  std::string quote = "double";
  std::string encoding = "utf-8";
  std::string header = "names";
  std::string html = "keep";
  std::vector<std::string> missing;

  void describe(OptionVisitor& visitor);
  /// "\t" for tab and so on; other texts stand for themselves.
  std::string delimiter_text() const;
  std::vector<Problem> validate() const;
};

/// `[interactions]`; without a file of their own they are the clicks of `[impressions]`.
struct InteractionOptions final : Options {
  FileOptions input;
  std::string user = "user";
  std::string item = "item";
  std::string rating;     // empty: implicit feedback
  std::string timestamp;  // empty: only order-free protocols
  std::string timestamp_unit = "none";
  std::string unknown_users = "create";
  std::string unknown_items = "create";

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// `[impressions]`: what was shown, one row per item. Without a file there are none.
struct ImpressionOptions final : Options {
  FileOptions input;
  std::string user = "user";
  std::string item = "item";
  std::string clicked = "clicked";
  std::string position;  // empty: with no page either, every row is a page
  std::int64_t first_position = 0;
  std::string page;
  std::string session;
  std::string period;
  std::string log_propensity;  // or propensity, or neither
  std::string propensity;
  std::string log_marginal;
  std::string price;  // of a click, where the place was sold
  std::string timestamp;
  std::string timestamp_unit = "none";
  std::string policy;  // name of the logging policy
  std::string logging = "unknown";
  std::string clicked_items = "stay";

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// `[users]` or `[items]`; without a file the entities are those that interactions name.
struct EntityOptions final : Options {
  FileOptions input;
  std::string id = "id";
  std::string repeated_ids = "error";
  std::string available_from;  // items only
  std::string available_to;
  std::string available_unit = "none";

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// `[user.NAME]` or `[item.NAME]`: the attribute NAME, made from one column, or from several flag columns.
struct AttributeOptions final : Options {
  explicit AttributeOptions(AttributeKind attribute_kind, bool from_flags = false)
      : kind(attribute_kind), flags(from_flags) {}

  AttributeKind kind;
  bool flags;  // multi, one 0/1 column per value
  std::string column;
  std::string part = "whole";
  std::string prefix;                // number
  std::string separator = "|";       // multi
  std::vector<std::string> columns;  // flags: value=column
  std::vector<std::string> rename;   // category: text=meaning

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

struct AttributeMapping {
  std::string name;
  AttributeOptions options;
};

/// How the files of a data set become a dataset store. `datasets/<name>/mapping.ini` holds one.
struct Mapping {
  SourceOptions source;
  InteractionOptions interactions;
  ImpressionOptions impressions;
  EntityOptions users;
  EntityOptions items;
  std::vector<AttributeMapping> user_attributes;
  std::vector<AttributeMapping> item_attributes;
  std::map<std::string, std::string> published_sha256;  // by file name; empty when unknown
};

/// Reads a mapping, and the file `checksums` (lines `sha256  name`) beside it if there is one. Throws ConfigError with
/// every mistake of the file, IoError when it cannot be read.
Mapping load_mapping(const std::filesystem::path& path);

}  // namespace coldframe
