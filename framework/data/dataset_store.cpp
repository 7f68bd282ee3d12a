#include "framework/data/dataset_store.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"

namespace coldframe {
namespace {

constexpr std::string_view k_format = "coldframe data set";

std::string join(std::string_view group, std::string_view name) { return fmt::format("{}/{}", group, name); }

template <class Id>
std::vector<std::uint32_t> rows_of(const std::vector<Id>& ids) {
  std::vector<std::uint32_t> rows;
  rows.reserve(ids.size());
  for (const Id id : ids) rows.push_back(id.value());
  return rows;
}

template <class Id>
std::vector<Id> read_ids(const Hdf5File& file, std::string_view object) {
  const auto rows = file.read<std::uint32_t>(object);
  return std::vector<Id>(rows.begin(), rows.end());
}

void write_column(Hdf5File& file, const std::string& path, const AttributeColumn& column) {
  file.make_group(path);
  file.write_attribute(path, "kind", attribute_kind_name(column.kind));
  if (column.kind == AttributeKind::number) {
    file.write(join(path, "numbers"), column.numbers);
    return;
  }
  if (column.kind != AttributeKind::multi) {
    file.write_strings(join(path, "texts"), column.texts);
    return;
  }
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::string> values;
  for (const auto& row : column.values) {
    values.insert(values.end(), row.begin(), row.end());
    offsets.push_back(values.size());
  }
  file.write(join(path, "row_offsets"), offsets);
  file.write_strings(join(path, "values"), values);
}

AttributeKind kind_of(const Hdf5File& file, const std::string& path) {
  const std::string name = file.read_text(path, "kind");
  for (const AttributeKind kind :
       {AttributeKind::category, AttributeKind::number, AttributeKind::text, AttributeKind::multi}) {
    if (name == attribute_kind_name(kind)) return kind;
  }
  throw DataError(fmt::format("{} in {} has the unknown kind '{}'", path, file.path().string(), name));
}

AttributeColumn read_column(const Hdf5File& file, const std::string& path, std::string name) {
  AttributeColumn column;
  column.name = std::move(name);
  column.kind = kind_of(file, path);
  if (column.kind == AttributeKind::number) {
    column.numbers = file.read<double>(join(path, "numbers"));
    return column;
  }
  if (column.kind != AttributeKind::multi) {
    column.texts = file.read_strings(join(path, "texts"));
    return column;
  }
  const auto offsets = file.read<std::uint64_t>(join(path, "row_offsets"));
  const auto values = file.read_strings(join(path, "values"));
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    if (offsets[row] > offsets[row + 1] || offsets[row + 1] > values.size()) {
      throw DataError(fmt::format("{} in {} is damaged", path, file.path().string()), "its offsets do not fit");
    }
    column.values.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(offsets[row]),
                               values.begin() + static_cast<std::ptrdiff_t>(offsets[row + 1]));
  }
  return column;
}

void write_table(Hdf5File& file, const std::string& group, const EntityTable& table) {
  file.write_strings(join(group, "id"), table.ids);
  std::vector<std::string> names;
  for (const AttributeColumn& column : table.columns) {
    names.push_back(column.name);
    write_column(file, join(group, "columns/" + column.name), column);
  }
  file.write_strings(join(group, "column_names"), names);
}

EntityTable read_table(const Hdf5File& file, const std::string& group) {
  EntityTable table;
  table.ids = file.read_strings(join(group, "id"));
  for (std::string& name : file.read_strings(join(group, "column_names"))) {
    const std::string path = join(group, "columns/" + name);
    table.columns.push_back(read_column(file, path, std::move(name)));
  }
  return table;
}

void write_meta(Hdf5File& file, const DatasetMeta& meta, std::string_view checksum) {
  file.make_group("/meta");
  file.write_attribute("/meta", "format", k_format);
  file.write_attribute("/meta", "format_version", k_dataset_format_version);
  file.write_attribute("/meta", "name", std::string_view(meta.name));
  file.write_attribute("/meta", "licence", std::string_view(meta.licence));
  file.write_attribute("/meta", "importer", std::string_view(meta.importer));
  file.write_attribute("/meta", "content_sha256", checksum);
  std::vector<std::string> names, sums;
  for (const auto& [name, sum] : meta.source_checksums) {
    names.push_back(name);
    sums.push_back(sum);
  }
  file.write_strings("/meta/source_names", names);
  file.write_strings("/meta/source_sha256", sums);
}

void write_interactions(Hdf5File& file, const Interactions& all) {
  file.make_group("/interactions");
  file.write("/interactions/user", rows_of(all.user));
  file.write("/interactions/item", rows_of(all.item));
  if (!all.implicit()) file.write("/interactions/rating", all.rating);
  if (all.timed()) file.write("/interactions/timestamp", all.timestamp);
}

Hdf5File open_store(const std::filesystem::path& path) {
  Hdf5File file = Hdf5File::open(path);
  if (!file.has_attribute("/meta", "format") || file.read_text("/meta", "format") != k_format) {
    throw DataError(fmt::format("{} is not a data set", path.string()), "another HDF5 file",
                    "make one with coldframe import");
  }
  const std::int64_t version = file.read_integer("/meta", "format_version");
  if (version < 1 || version > k_dataset_format_version) {
    throw DataError(fmt::format("{} has data set format {}", path.string(), version),
                    fmt::format("this program reads formats 1 to {}", k_dataset_format_version),
                    "import the data again or use the program that wrote it");
  }
  return file;
}

Dataset read_unchecked(const Hdf5File& file) {
  Dataset dataset;
  dataset.meta.name = file.read_text("/meta", "name");
  dataset.meta.licence = file.read_text("/meta", "licence");
  dataset.meta.importer = file.read_text("/meta", "importer");
  const auto names = file.read_strings("/meta/source_names");
  const auto sums = file.read_strings("/meta/source_sha256");
  if (names.size() != sums.size()) throw DataError(file.path().string() + " is damaged", "checksums without names");
  for (std::size_t row = 0; row < names.size(); ++row)
    dataset.meta.source_checksums.emplace_back(names[row], sums[row]);
  dataset.users = read_table(file, "/users");
  dataset.items = read_table(file, "/items");
  dataset.item_available_from = file.read<std::int64_t>("/items/available_from");
  dataset.item_available_to = file.read<std::int64_t>("/items/available_to");
  dataset.interactions.user = read_ids<UserId>(file, "/interactions/user");
  dataset.interactions.item = read_ids<ItemId>(file, "/interactions/item");
  if (file.exists("/interactions/rating")) dataset.interactions.rating = file.read<float>("/interactions/rating");
  if (file.exists("/interactions/timestamp")) {
    dataset.interactions.timestamp = file.read<std::int64_t>("/interactions/timestamp");
  }
  return dataset;
}

}  // namespace

struct DatasetStoreWriter::State {
  explicit State(const std::filesystem::path& path) : file(Hdf5File::create(path)) {}
  State(const std::filesystem::path& path, std::uint64_t bytes)
      : target(std::in_place, path), file(Hdf5File::create_on_disk(target->temporary(), bytes)) {}
  std::optional<AtomicFile> target;  // of a file on the disk; that in memory appears at once by itself
  Hdf5File file;
  std::vector<std::string> queries;
  bool written = false;
};

DatasetStoreWriter::DatasetStoreWriter(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {}

DatasetStoreWriter::DatasetStoreWriter(const std::filesystem::path& path, std::uint64_t bytes)
    : state_(std::make_unique<State>(path, bytes)) {}

DatasetStoreWriter::~DatasetStoreWriter() = default;

void DatasetStoreWriter::write(const Dataset& dataset) {
  CF_EXPECTS(!state_->written);
  check_dataset(dataset);
  Hdf5File& file = state_->file;
  write_meta(file, dataset.meta, content_checksum(dataset));
  write_table(file, "/users", dataset.users);
  write_table(file, "/items", dataset.items);
  file.write("/items/available_from", dataset.item_available_from);
  file.write("/items/available_to", dataset.item_available_to);
  write_interactions(file, dataset.interactions);
  state_->written = true;
}

void DatasetStoreWriter::append(const ImpressionLog& rows) {
  append_impressions(state_->file, rows);
  if (rows.queries.size() > state_->queries.size()) state_->queries = rows.queries;
}

void DatasetStoreWriter::commit() {
  CF_EXPECTS(state_->written);
  if (!state_->queries.empty()) write_queries(state_->file, state_->queries);
  state_->file.close();
  if (!state_->target) return;
  // What was taken of the disk and not needed goes back.
  const std::filesystem::path& temporary = state_->target->temporary();
  std::error_code ignored;
  std::filesystem::resize_file(temporary, std::filesystem::file_size(temporary), ignored);
  state_->target->commit();
}

void write_dataset(const std::filesystem::path& path, const Dataset& dataset, const ImpressionLog* impressions) {
  if (impressions != nullptr) check_impressions(*impressions, dataset.users.size(), dataset.items.size());
  DatasetStoreWriter writer(path);
  writer.write(dataset);
  if (impressions != nullptr) writer.append(*impressions);
  writer.commit();
}

Dataset read_dataset(const std::filesystem::path& path) {
  const Hdf5File file = open_store(path);
  Dataset dataset = read_unchecked(file);
  if (content_checksum(dataset) != file.read_text("/meta", "content_sha256")) {
    throw DataError(fmt::format("{} is damaged", path.string()), "its content does not match its checksum",
                    "import the data again");
  }
  check_dataset(dataset);
  return dataset;
}

std::optional<ImpressionLog> read_impression_log(const std::filesystem::path& path) {
  const Hdf5File file = open_store(path);
  if (!has_impressions(file)) return std::nullopt;
  ImpressionLog log = read_impressions(file, 0, impression_count(file));
  check_impressions(log, file.shape("/users/id/offsets").front() - 1, file.shape("/items/id/offsets").front() - 1);
  const RowDigest digest = log.digest();
  if (digest != RowDigest::from_words({static_cast<std::uint64_t>(file.read_integer("/impressions", "digest_low")),
                                       static_cast<std::uint64_t>(file.read_integer("/impressions", "digest_high"))})) {
    throw DataError(fmt::format("{} is damaged", path.string()), "its impressions do not match their digest");
  }
  return log;
}

}  // namespace coldframe
