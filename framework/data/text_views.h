#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/core/options.h"
#include "framework/data/dataset.h"
#include "framework/text/template.h"

namespace coldframe {

/// `[text]`: how users and items become the texts that encoders read. Templates: see class Template.
struct TextOptions final : Options {
  std::string item = "[{title!article}[ ({year})].][ {genres}]";
  std::string user = "A [{age} year old ]{gender:M=man,F=woman|person}[, {occupation}].[ Liked: {history/; }.]";
  std::string history_entry = "{title!article}";
  std::vector<std::string> articles = {"The", "An", "A"};
  std::vector<std::string> missing = {"unknown", "unkonwn"};
  std::int64_t history_training = 5;
  std::int64_t history_evaluation = 10;
  std::string user_prompt;
  std::string item_prompt;
  std::int64_t max_tokens = 0;  // 0: the limit of the encoder

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// Where a user text is used decides how many titles of the history it shows.
enum class TextUse { training, evaluation };

/// Renders items and users to text; prompts stand in front. In the user template `{history}` is the list of the
/// history's entries, newest first; items without an entry (no title) are passed over. Pure: equal tables, options and
/// histories give equal texts. Thread-safe. Borrows the user table, which must outlive it; items are rendered once,
/// here.
class TextViews {
 public:
  /// ConfigError when a template does not parse or names a field that the table lacks; `user_key` is where the user
  /// template was configured.
  TextViews(const EntityTable& users, const EntityTable& items, const TextOptions& options,
            const std::string& user_key = "text.user");
  TextViews(const Dataset& dataset, const TextOptions& options) : TextViews(dataset.users, dataset.items, options) {}

  const std::string& item(ItemId item) const { return items_[item.value()]; }
  /// What stands for the item in a history: empty when it has no title.
  const std::string& history_entry(ItemId item) const { return entries_[item.value()]; }
  std::string user(UserId user, std::span<const ItemId> newest_first, TextUse use) const;
  /// The newest `most` titles instead of the configured number.
  std::string user(UserId user, std::span<const ItemId> newest_first, std::size_t most) const;

 private:
  const EntityTable& users_;
  TextOptions options_;
  Template user_template_;
  std::vector<const AttributeColumn*> user_columns_;  // of the template's fields; nullptr: the history
  std::vector<std::string> items_;
  std::vector<std::string> entries_;
};

}  // namespace coldframe
