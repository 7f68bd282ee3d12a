#include "framework/cli/simulated_log_files.h"

#include <utility>

namespace coldframe {
namespace {

constexpr std::size_t k_rows_at_once = 1 << 16;
constexpr std::uint64_t k_row_bytes = 5 * sizeof(std::uint32_t) + 4 * sizeof(double) + sizeof(std::uint32_t) + 1;

std::unique_ptr<DatasetStoreWriter> open_store(const std::filesystem::path& path, std::uint64_t impressions,
                                               std::uint64_t most_in_memory) {
  constexpr std::uint64_t k_margin = 16 << 20;
  const std::uint64_t bytes = impressions * k_row_bytes;
  if (bytes <= most_in_memory) return std::make_unique<DatasetStoreWriter>(path);
  return std::make_unique<DatasetStoreWriter>(path, bytes + bytes / 64 + k_margin);
}

}  // namespace

SimulatedLogFiles::SimulatedLogFiles(const std::filesystem::path& file, const SimulatedLogBuilder::Setting& setting,
                                     std::uint64_t impressions, bool csv, const Catalogue* catalogue,
                                     std::uint64_t most_in_memory)
    : builder_(setting),
      catalogue_(catalogue),
      store_(open_store(file.string() + ".h5", impressions, most_in_memory)),
      rows_(builder_.empty_rows()) {
  if (csv) csv_ = std::make_unique<ImpressionCsvWriter>(file.string() + ".csv");
}

void SimulatedLogFiles::add(const PageRow& page) {
  builder_.add(page, rows_);
  if (rows_.size() >= k_rows_at_once) write_rows();
}

/// After as many pages whatever blocks they came in: how rows are cut shows in the bytes of a file.
void SimulatedLogFiles::write_rows() {
  store_->append(rows_);
  if (csv_) csv_->add(builder_.data(), rows_);
  rows_ = builder_.empty_rows();
  begun_ = true;
}

void SimulatedLogFiles::finish() {
  if (!begun_ || rows_.size() > 0) write_rows();
  Dataset data = std::move(builder_).finish();
  if (catalogue_ != nullptr) {
    data.item_available_from = catalogue_->from();
    data.item_available_to = catalogue_->to();
  }
  store_->write(data);
  store_->commit();
  if (csv_) csv_->finish();
}

}  // namespace coldframe
