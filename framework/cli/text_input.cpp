#include "framework/cli/text_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/cli/entity_rows.h"
#include "framework/core/error.h"
#include "framework/data/delimited_reader.h"
#include "framework/data/text_source.h"

namespace coldframe {
namespace {

constexpr std::size_t k_longest_line = std::size_t{64} << 20;

std::string prompt_of(const TextOptions& options, TextKind kind) {
  if (kind == TextKind::text) return {};
  return kind == TextKind::item ? options.item_prompt : options.user_prompt;
}

class Lines final : public TextInput {
 public:
  Lines(const std::filesystem::path& path, std::string prompt)
      : source_(path, TextEncoding::utf8), prompt_(std::move(prompt)) {}

  bool next(NamedText& text) override {
    std::size_t end = window_.find('\n', at_);
    while (end == std::string::npos && !ended_) {
      window_.erase(0, at_);
      const std::size_t searched = window_.size();
      at_ = 0;
      if (window_.size() > k_longest_line) {
        throw DataError(
            fmt::format("line {} of {} is longer than {} bytes", line_ + 1, source_.path().string(), k_longest_line),
            "a text stands on a line of its own");
      }
      ended_ = !source_.read(window_);
      end = window_.find('\n', searched);
    }
    const bool last = end == std::string::npos;
    if (last && at_ == window_.size()) return false;
    std::string_view line(window_.data() + at_, (last ? window_.size() : end) - at_);
    at_ = last ? window_.size() : end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    check_utf8_text(line, source_.path(), ++line_);
    text.id = fmt::format("{}", line_);
    text.text = fmt::format("{}{}", prompt_, line);
    return true;
  }

 private:
  TextSource source_;
  std::string prompt_;
  std::string window_;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
  bool ended_ = false;
};

/// Where a template is not used, one that asks for no column.
TextOptions without(TextOptions options, TextKind unused) {
  const std::string nothing = "-";
  if (unused == TextKind::user) options.user = nothing;
  if (unused == TextKind::item) options.item = nothing;
  options.history_entry = nothing;
  return options;
}

std::vector<std::string> render(const EntityTable& table, const TextOptions& options, TextKind kind) {
  const EntityTable none;
  std::vector<std::string> texts;
  if (kind == TextKind::item) {
    const TextViews views(none, table, without(options, TextKind::user));
    for (std::uint32_t i = 0; i < table.size(); ++i) texts.push_back(views.item(ItemId(i)));
  } else {
    const TextViews views(table, none, without(options, TextKind::item));
    for (std::uint32_t u = 0; u < table.size(); ++u) texts.push_back(views.user(UserId(u), {}, TextUse::evaluation));
  }
  return texts;
}

/// A table in pieces, rendered piece by piece.
class Rows final : public TextInput {
 public:
  Rows(const std::filesystem::path& path, TextOptions options, TextKind kind, const std::vector<std::string>& multi)
      : rows_(path, multi), options_(std::move(options)), kind_(kind) {
    if (kind == TextKind::text && !rows_.has("text")) {
      throw DataError(fmt::format("{} has no column text", path.string()),
                      fmt::format("it has {}", fmt::join(rows_.columns(), ", ")),
                      "name it so, or render rows by the templates with --what items or users");
    }
  }

  bool next(NamedText& text) override {
    if (at_ == ids_.size() && !read()) return false;
    text = {std::move(ids_[at_]), std::move(texts_[at_])};
    ++at_;
    return true;
  }

 private:
  bool read() {
    constexpr std::size_t piece = 1024;
    EntityTable table = rows_.next(piece);
    if (table.size() == 0) return false;
    at_ = 0;
    texts_ = kind_ == TextKind::text ? table.find("text")->texts : render(table, options_, kind_);
    ids_ = std::move(table.ids);
    return true;
  }

  EntityRows rows_;
  TextOptions options_;
  TextKind kind_;
  std::vector<std::string> ids_, texts_;
  std::size_t at_ = 0;
};

class DatasetTexts final : public TextInput {
 public:
  DatasetTexts(const EntityTable& table, std::vector<std::string> texts) : table_(table), texts_(std::move(texts)) {}

  bool next(NamedText& text) override {
    if (at_ == texts_.size()) return false;
    text = {table_.ids[at_], texts_[at_]};
    ++at_;
    return true;
  }

 private:
  const EntityTable& table_;
  std::vector<std::string> texts_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<TextInput> line_texts(const std::filesystem::path& path, const TextOptions& options, TextKind kind) {
  return std::make_unique<Lines>(path, prompt_of(options, kind));
}

std::unique_ptr<TextInput> row_texts(const std::filesystem::path& path, const TextOptions& options, TextKind kind,
                                     const std::vector<std::string>& multi) {
  return std::make_unique<Rows>(path, options, kind, multi);
}

std::unique_ptr<TextInput> dataset_texts(const Dataset& dataset, const TextOptions& options, TextKind kind) {
  const EntityTable& table = kind == TextKind::item ? dataset.items : dataset.users;
  return std::make_unique<DatasetTexts>(table, render(table, options, kind));
}

std::size_t count_texts(TextInput& input) {
  NamedText text;
  std::size_t count = 0;
  while (input.next(text)) ++count;
  return count;
}

}  // namespace coldframe
