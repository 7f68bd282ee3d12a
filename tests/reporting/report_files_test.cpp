#include "framework/reporting/report_files.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;
using testing::TemporaryFolder;

Json small_report() {
  return {{"format", 1},
          {"facts", Json::object()},
          {"sentences", {"a </script><script>alert(1)</script> b"}},
          {"limits", {"<!-- c"}},
          {"tables",
           {{{"id", "t"},
             {"title", "T"},
             {"note", ""},
             {"columns", {{{"key", "name"}, {"title", "name"}}, {{"key", "x"}, {"title", "x"}}}},
             {"rows",
              {{{"name", "a,\"b\""}, {"x", {{"value", 0.1}, {"low", 0.05}, {"high", nullptr}}}}, {{"name", "c"}}}}}}},
          {"plots", Json::array()}};
}

TEST(ReportFiles, write_csv_with_three_columns_for_an_estimate) {
  EXPECT_EQ(table_csv(small_report()["tables"][0]), "name,x,x_low,x_high\r\n\"a,\"\"b\"\"\",0.1,0.05,\r\nc,,,\r\n");
}

TEST(ReportFiles, keep_what_comes_from_runs_inside_its_element) {
  const std::string page = report_page(small_report(), "var s = '</script>' + '<!--';");
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(page.find("<!--"), std::string::npos);
  EXPECT_NE(page.find("var s = '<\\/script>' + '<\\!--';"), std::string::npos);
  const std::string opening = "id=\"report\">";
  const std::size_t begin = page.find(opening) + opening.size(), end = page.find("</script>", begin);
  EXPECT_EQ(Json::parse(page.substr(begin, end - begin)), small_report()) << "the embedded report is the report";
}

TEST(ReportFiles, mention_no_address_outside_the_plot_library) {
  const std::string page = report_page(small_report(), "");
  for (const char* word : {"http://", "https://", "src=", "url(", "@import", "@REPORT@", "@PLOTLY@"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
}

TEST(ReportFiles, show_tables_in_text) {
  Json report = small_report();
  report["tables"][0]["id"] = "strategies";
  EXPECT_NE(report_text(report).find("a,\"b\"  0.1"), std::string::npos) << report_text(report);
}

TEST(ReportFiles, say_which_plot_library_is_missing_before_anything_is_written) {
  TemporaryFolder folder;
  setenv("COLDFRAME_PLOTLY", (folder / "absent.js").c_str(), 1);
  try {
    write_report(folder / "report.html", small_report());
    FAIL() << "written";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("absent.js"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  write_file_atomically(folder / "plot.js", "var Plotly = {};");
  setenv("COLDFRAME_PLOTLY", (folder / "plot.js").c_str(), 1);
  write_report(folder / "report.html", small_report());
  unsetenv("COLDFRAME_PLOTLY");
  EXPECT_EQ(read_json(folder / "report.json"), small_report());
  EXPECT_TRUE(std::filesystem::exists(folder / "report-t.csv"));
  EXPECT_NE(read_file(folder / "report.html").find("var Plotly"), std::string::npos);
}

}  // namespace
}  // namespace coldframe
