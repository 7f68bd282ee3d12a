#include "framework/reporting/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/core/atomic_file.h"
#include "tests/reporting/outside_program.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using testing::run_outside;

std::vector<AcceptanceSuite> suites() {
  return {{"runs/a & \"b\" <c>",
           {{"evaluation.ndcg@10.shot0", ">= 0.3", "0.2333 [0.2101, 0.2570]", Acceptance::missed, "off by 0.0667"},
            {"evaluation.ndcg@10.shot0", "within 2 % of 'x' <y>", "-0.01", Acceptance::undecided, "it's > & < \"so\""},
            {"cost.step_seconds", "< 60", "7.5", Acceptance::met, ""}}},
          {"empty", {}}};
}

testing::Finished checked(const std::string& xml) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "bounds.xml", xml);
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  const auto script = std::filesystem::path(source == nullptr ? "." : source) / "tests/reporting/check_junit.py";
  return run_outside(
      {testing::report_python("xml.etree.ElementTree"), script.string(), (folder / "bounds.xml").string()});
}

TEST(JUnitXml, has_the_structure_of_the_schema_and_gives_every_word_back) {
  if (testing::report_python("xml.etree.ElementTree").empty()) GTEST_SKIP() << "no Python with its XML module here";
  const testing::Finished finished = checked(junit_xml("evaluate", suites(), "host", "2026-11-22T13:46:05"));
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(finished.output,
            "runs/a & \"b\" <c> | evaluation.ndcg@10.shot0 >= 0.3 | failure\n"
            "runs/a & \"b\" <c> | evaluation.ndcg@10.shot0 within 2 % of 'x' <y> | error\n"
            "runs/a & \"b\" <c> | cost.step_seconds < 60 | passed\n");
}

TEST(JUnitXml, the_check_itself_refuses_what_is_none) {
  if (testing::report_python("xml.etree.ElementTree").empty()) GTEST_SKIP() << "no Python with its XML module here";
  const std::string good = junit_xml("evaluate", suites(), "host", "2026-11-22T13:46:05");
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return checked(text).status;
  };
  EXPECT_NE(changed("failures=\"1\"", "failures=\"0\""), 0);
  EXPECT_NE(changed("<properties/>", ""), 0);
  EXPECT_NE(changed(" type=\"missed\"", ""), 0);
  EXPECT_NE(changed("&amp;", "&"), 0);
  EXPECT_NE(changed("13:46:05", "13:46:05Z"), 0);
}

TEST(JUnitXml, what_xml_cannot_hold_is_replaced) {
  EXPECT_EQ(xml_escaped("a<b>&\"'\n\t"), "a&lt;b&gt;&amp;&quot;&apos;&#10;&#9;");
  EXPECT_EQ(xml_escaped(std::string("\x01 \x1b", 3)), "\xEF\xBF\xBD \xEF\xBF\xBD");
  EXPECT_EQ(xml_escaped("\xC3\xA9 \xE6\xBC\xA2"), "\xC3\xA9 \xE6\xBC\xA2");
  EXPECT_EQ(xml_escaped("a\xFF z\xC3"), "a\xEF\xBF\xBD z\xEF\xBF\xBD");
  EXPECT_EQ(xml_escaped("\xEF\xBF\xBE!"), "\xEF\xBF\xBD!");
}

}  // namespace
}  // namespace coldframe
