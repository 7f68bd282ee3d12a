#include "framework/cli/labelled_texts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

class LabelledTexts : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  /// `rows` texts of each class.
  static std::string table(const std::vector<std::string>& classes, std::size_t rows,
                           const std::string& word = "text") {
    std::string csv = "text,label\n";
    for (std::size_t r = 0; r < rows; ++r) {
      for (const std::string& name : classes) csv += fmt::format("\"{} {}, {}\",{}\n", word, r, name, name);
    }
    return csv;
  }
  static std::string refusal(const LabelSources& sources) {
    try {
      read_label_task(sources);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(LabelledTexts, files_say_the_roles) {
  const LabelTask task = read_label_task({.train = write("a.csv", "text,label\nx,b\ny,a\n"),
                                          .validate = write("b.csv", "label,text\na,v\n"),
                                          .test = write("c.tsv", "text\tlabel\nx\tb\nz\ta\n")});
  EXPECT_EQ(task.classes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(task.texts, (std::vector<std::string>{"x", "y", "v", "x", "z"}));
  EXPECT_EQ(task.labels, (std::vector<std::uint32_t>{1, 0, 0, 1, 0}));
  EXPECT_EQ(task.trained, 2u);
  EXPECT_EQ(task.validated, 1u);
  EXPECT_EQ(task.tested, 2u);
  EXPECT_EQ(task.repeated, 1u) << "x is trained on and tested";
}

TEST_F(LabelledTexts, shares_are_dealt_class_by_class_whatever_the_order_of_rows) {
  const std::string csv = table({"a", "b", "c"}, 20);
  const LabelTask task = read_label_task({.train = write("all.csv", csv)});
  EXPECT_EQ(task.trained, 36u);  // of 20 rows of a class 4 are tested and 4 validated
  EXPECT_EQ(task.validated, 12u);
  EXPECT_EQ(task.tested, 12u);
  for (std::uint32_t c = 0; c < 3; ++c) {
    EXPECT_EQ(std::count(task.labels.end() - 12, task.labels.end(), c), 4) << c;
  }
  std::vector<std::string> lines;
  for (std::size_t at = csv.find('\n') + 1; at < csv.size(); at = csv.find('\n', at) + 1) {
    lines.push_back(csv.substr(at, csv.find('\n', at) + 1 - at));
  }
  std::string backwards = "text,label\n";
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) backwards += *line;
  EXPECT_EQ(read_label_task({.train = write("back.csv", backwards)}).texts, task.texts);
  EXPECT_NE(read_label_task({.train = write("all.csv", csv), .seed = 2}).texts, task.texts);
}

TEST_F(LabelledTexts, a_rare_class_keeps_a_text_to_learn_from_and_equal_texts_stay_together) {
  std::string csv = table({"a", "b"}, 40) + "alone,rare\n";
  for (int repeat = 0; repeat < 30; ++repeat) csv += "the same,a\n";
  const LabelTask task = read_label_task({.train = write("all.csv", csv), .validate_share = 0.5, .test_share = 0.5});
  EXPECT_EQ(task.repeated, 0u);
  const auto learned = task.texts.begin() + static_cast<std::ptrdiff_t>(task.trained);
  EXPECT_NE(std::find(task.texts.begin(), learned, "alone"), learned);
  std::map<std::string, std::set<int>> roles;
  for (std::size_t r = 0; r < task.texts.size(); ++r) {
    roles[task.texts[r]].insert(r < task.trained ? 0 : r < task.trained + task.validated ? 1 : 2);
  }
  for (const auto& [text, in] : roles) EXPECT_EQ(in.size(), 1u) << text;
}

TEST_F(LabelledTexts, what_is_wrong_with_a_file_is_told_with_its_place) {
  const auto good = write("good.csv", table({"a", "b"}, 20));
  EXPECT_THAT(refusal({.train = good, .label_column = "lable"}), HasSubstr("did you mean label?"));
  EXPECT_THAT(refusal({.train = good, .text_column = "body"}), HasSubstr("has no column body"));
  EXPECT_THAT(refusal({.train = write("hole.csv", "text,label\nx,a\ny,\n")}), HasSubstr("hole.csv:3"));
  EXPECT_THAT(refusal({.train = write("head.csv", "text,label\n")}), HasSubstr("holds no text"));
  EXPECT_THAT(refusal({.train = write("none.csv", "")}), HasSubstr("none.csv is empty"));
  EXPECT_THAT(refusal({.train = write("one.csv", table({"a"}, 20))}), HasSubstr("nothing to tell apart"));
  EXPECT_THAT(refusal({.train = write("two.csv", table({"a", "b"}, 1))}), HasSubstr("no text is left to validate"));
  EXPECT_THAT(refusal({.train = good, .test = write("t.csv", "text,label\nx,a\ny,new\nz,new\n")}),
              ::testing::AllOf(HasSubstr("\"new\""), HasSubstr("t.csv:3"), HasSubstr("2 texts have it")));
  EXPECT_THAT(refusal({.train = folder_ / "lines.txt"}), HasSubstr("is no table"));
  EXPECT_THAT(refusal({.train = folder_ / "nowhere.csv"}), HasSubstr("nowhere.csv"));
}

}  // namespace
}  // namespace coldframe
