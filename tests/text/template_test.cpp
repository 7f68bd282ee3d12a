#include "framework/text/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const ValueRules k_rules = {.missing = {"unknown", "n/a"}, .articles = {"The", "An", "A"}};

std::string render(std::string_view source, const std::map<std::string, FieldValues>& row) {
  const Template pattern(source, "text.item", k_rules);
  std::vector<FieldValues> values;
  for (const std::string& field : pattern.fields())
    values.push_back(row.contains(field) ? row.at(field) : FieldValues{});
  return pattern.render(values);
}

std::string error(std::string_view source) {
  try {
    Template(source, "text.item", k_rules);
  } catch (const ConfigError& failure) {
    return failure.what();
  }
  return "no error";
}

constexpr const char* k_item = "[{title!article}[ ({year})].][ {genres}]";
constexpr const char* k_user =
    "A [{age} year old ]{gender:M=man,F=woman|person}[, {occupation}].[ Liked: {history/; }.]";

TEST(Template, renders_an_item) {
  EXPECT_EQ(render(k_item, {{"title", {"Usual Suspects, The"}}, {"year", {"1995"}}, {"genres", {"Crime", "Thriller"}}}),
            "The Usual Suspects (1995). Crime Thriller");
}

TEST(Template, renders_a_user_with_and_without_history) {
  const std::map<std::string, FieldValues> row = {{"age", {"24"}}, {"gender", {"M"}}, {"occupation", {"technician"}}};
  EXPECT_EQ(render(k_user, row), "A 24 year old man, technician.");
  auto with_history = row;
  with_history["history"] = {"Fargo", "Toy Story"};
  EXPECT_EQ(render(k_user, with_history), "A 24 year old man, technician. Liked: Fargo; Toy Story.");
}

TEST(Template, drops_the_piece_of_a_missing_field) {
  EXPECT_EQ(render(k_item, {{"title", {"Fargo"}}, {"genres", {"unknown"}}}), "Fargo.");
  EXPECT_EQ(render(k_item, {{"title", {"unknown"}}, {"year", {"1996"}}, {"genres", {"Crime"}}}), "Crime");
  EXPECT_EQ(render(k_item, {}), "");
  EXPECT_EQ(render(k_user, {}), "A person.");
  EXPECT_EQ(render(k_user, {{"gender", {"F"}}, {"occupation", {" "}}}), "A woman.");
}

TEST(Template, drops_a_piece_of_pieces_that_all_went) {
  constexpr const char* source = "x[ (by [{a}][ and {b}])]";
  EXPECT_EQ(render(source, {{"a", {"Ann"}}, {"b", {"Bob"}}}), "x (by Ann and Bob)");
  EXPECT_EQ(render(source, {{"a", {"Ann"}}}), "x (by Ann)");
  EXPECT_EQ(render(source, {}), "x");
}

TEST(Template, leaves_nothing_for_a_missing_field_outside_of_pieces) {
  EXPECT_EQ(render("{a}, {b}", {{"b", {"y"}}}), ", y");
}

TEST(Template, takes_missing_words_out_of_lists) {
  EXPECT_EQ(render("{g/, }", {{"g", {"unknown", "Drama", "", "n/a", "War"}}}), "Drama, War");
  EXPECT_EQ(render("[{g}]", {{"g", {"unknown", " "}}}), "");
  EXPECT_EQ(render("{g}", {{"g", {"Unknown"}}}), "Unknown");  // spelled otherwise: a value
}

TEST(Template, moves_only_listed_articles_that_stand_last) {
  const auto title = [](const char* text) { return render("{t!article}", {{"t", {text}}}); };
  EXPECT_EQ(title("American in Paris, An"), "An American in Paris");
  EXPECT_EQ(title("Good, the Bad and the Ugly, The"), "The Good, the Bad and the Ugly");
  EXPECT_EQ(title("Enfants, Les"), "Enfants, Les");
  EXPECT_EQ(title("Sun,The"), "Sun,The");
  EXPECT_EQ(title(", The"), ", The");
  EXPECT_EQ(render("{t}", {{"t", {"Sun, The"}}}), "Sun, The");
}

TEST(Template, replaces_listed_values_and_takes_others_for_missing) {
  EXPECT_EQ(render("{g:M=man,F=woman}", {{"g", {"F"}}}), "woman");
  EXPECT_EQ(render("x[ {g:M=man,F=woman}]", {{"g", {"Q"}}}), "x");
  EXPECT_EQ(render("{g:M=man|person}", {{"g", {"Q"}}}), "person");
  EXPECT_EQ(render("{g:M=}!", {{"g", {"M"}}}), "!");
  EXPECT_EQ(render("{g/ and :a=x,b=y|none}", {{"g", {"b", "c", "a"}}}), "y and x");
  EXPECT_EQ(render("{t/+!article:The Sun=star}", {{"t", {"Sun, The"}}}), "star");
}

TEST(Template, keeps_a_piece_whose_field_has_a_fallback) { EXPECT_EQ(render("[a {x|b} c]", {}), "a b c"); }

TEST(Template, makes_escaped_characters_ordinary) {
  EXPECT_EQ(render(R"(\[{a}\] \{b\} \\)", {{"a", {"1"}}}), R"([1] {b} \)");
  EXPECT_EQ(render(R"({g:a\=b=x\,y,c=\}|\|})", {{"g", {"a=b"}}}), "x,y");
  EXPECT_EQ(render(R"({g:a\=b=x\,y,c=\}|\|})", {{"g", {"c"}}}), "}");
  EXPECT_EQ(render(R"({g:a\=b=x\,y,c=\}|\|})", {}), "|");
}

TEST(Template, does_not_read_values_as_templates) {
  EXPECT_EQ(render("{a}[ {b}]", {{"a", {"{b} [x] \\"}}, {"b", {"é{"}}}), "{b} [x] \\ é{");
}

TEST(Template, names_its_fields_once_in_order_of_use) {
  EXPECT_THAT(Template("{b}[ {a} {b}] {c.d_e-1}", "k").fields(), ElementsAre("b", "a", "c.d_e-1"));
}

TEST(Template, refuses_fields_that_do_not_exist) {
  const std::vector<std::string> known = {"title", "year"};
  const Template pattern("{titel} ({year})", "text.item");
  try {
    pattern.require_fields(known);
    FAIL();
  } catch (const ConfigError& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("text.item names the field titel"));
    EXPECT_THAT(failure.what(), HasSubstr("title, year"));
  }
  EXPECT_NO_THROW(Template("{year}", "text.item").require_fields(known));
  try {
    pattern.require_fields({});
    FAIL();
  } catch (const ConfigError& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("none is known: import the data with an attribute"));
  }
}

TEST(Template, refuses_what_does_not_parse_with_the_column) {
  EXPECT_THAT(error("ab {title"), HasSubstr("text.item = ab {title at column 10"));
  EXPECT_THAT(error("{}"), HasSubstr("column 1 (a field needs a name"));
  EXPECT_THAT(error("{a b}"), HasSubstr("column 3 (expected / ! : | or }"));
  EXPECT_THAT(error("[{a}"), HasSubstr("column 1 (this [ is never closed"));
  EXPECT_THAT(error("{a}]"), HasSubstr("column 4 (nothing opens this ]"));
  EXPECT_THAT(error("}"), HasSubstr("nothing opens this }"));
  EXPECT_THAT(error("{a} [x]"), HasSubstr("column 5 (a piece without a field is not optional"));
  EXPECT_THAT(error("{a!upper}"), HasSubstr("only article is known"));
  EXPECT_THAT(error("{a!articles}"), HasSubstr("expected / ! : | or }"));
  EXPECT_THAT(error("{a:M}"), HasSubstr("expected value=text"));
  EXPECT_THAT(error("{a:=x}"), HasSubstr("expected value=text"));
  EXPECT_THAT(error("{a:M=x,M=y}"), HasSubstr("M is replaced twice"));
  EXPECT_THAT(error("{a|b"), HasSubstr("never closed by }"));
  EXPECT_THAT(error("{a} \\"), HasSubstr("nothing follows the backslash"));
  EXPECT_THAT(error(std::string(30, '[') + "{a}" + std::string(30, ']')), HasSubstr("nest deeper"));
}

TEST(TemplateFuzz, random_templates_parse_or_are_refused) {
  constexpr std::string_view k_letters = "ab{}[]\\:=|,/!x y";
  const KeyedRandom random(3, Purpose::initialisation);
  int parsed = 0;
  for (std::uint64_t key = 0; key < 20000; ++key) {
    std::string source;
    for (std::uint32_t i = 0; i < key % 12; ++i) {
      source += k_letters[uniform_below(random.block(UserKey(key), i)[0], k_letters.size())];
    }
    try {
      const Template pattern(source, "k");
      (void)pattern.render(std::vector<FieldValues>(pattern.fields().size(), {"v", "w"}));
      ++parsed;
    } catch (const ConfigError&) {
    }
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace coldframe
