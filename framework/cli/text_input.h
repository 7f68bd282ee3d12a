#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/text_views.h"

namespace coldframe {

/// A text and the id that its vector gets.
struct NamedText {
  std::string id;
  std::string text;
};

/// Texts one after the other, in memory that does not grow with their number.
class TextInput {
 public:
  virtual ~TextInput() = default;
  /// False at the end.
  virtual bool next(NamedText& text) = 0;
};

/// What a row is, and so which template and prompt make its text.
enum class TextKind { text, item, user };

/// Every line is a text, an empty one too; ids are line numbers from 1. The prompt of `kind` is put in front. Throws
/// IoError, or DataError naming the line for invalid UTF-8 and zero bytes.
std::unique_ptr<TextInput> line_texts(const std::filesystem::path& path, const TextOptions& options, TextKind kind);

/// Rows of a CSV or TSV file (see EntityRows): the column `text`, or the template of items or users. Users have no
/// history.
std::unique_ptr<TextInput> row_texts(const std::filesystem::path& path, const TextOptions& options, TextKind kind,
                                     const std::vector<std::string>& multi);

/// All items or users of a data set, under their external ids. Users have no history. Borrows the data set.
std::unique_ptr<TextInput> dataset_texts(const Dataset& dataset, const TextOptions& options, TextKind kind);

/// Reads to the end, so that whatever is wrong with a file is known before work begins.
std::size_t count_texts(TextInput& input);

}  // namespace coldframe
