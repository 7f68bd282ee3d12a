#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/reporting/report.h"
#include "framework/reporting/report_files.h"
#include "tests/reporting/outside_program.h"
#include "tests/reporting/tiny_records.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;
using testing::TemporaryFolder;
using testing::tiny_run;

/// Runs in the page after its own scripts: writes what plotly holds and what is on the screen into an element.
constexpr const char* k_probe = R"js(<script>
function held(plot) {
  const place = document.getElementById("plot-" + plot.id);
  const list = (values) => values === undefined ? null : Array.from(values);
  return { id: plot.id, points: place.querySelectorAll(".scatterlayer .point").length,
           lines: place.querySelectorAll(".scatterlayer .js-line").length,
           bars: place.querySelectorAll(".errorbar").length,
           traces: place._fullData.map((trace) => {
             const vertical = trace.error_y && trace.error_y.visible, error = vertical ? trace.error_y : trace.error_x;
             const shown = error && error.visible;
             return { name: trace.name, x: list(trace.x), y: list(trace.y), vertical: !!vertical,
                      plus: shown ? list(error.array) : null, minus: shown ? list(error.arrayminus) : null };
           }) };
}
const cells = (table) => Array.from(document.getElementById("table-" + table.id).querySelectorAll("tbody tr"))
  .map((row) => Array.from(row.children).map((cell) => cell.title || cell.textContent));
const probe = document.createElement("pre");
probe.id = "probe";
probe.textContent = btoa(JSON.stringify({
  plots: report.plots.filter((plot) => plot.traces.length > 0).map(held),
  tables: report.tables.map((table) => ({ id: table.id, cells: cells(table) })),
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  colours: { ground: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
             ticks: Array.from(document.querySelectorAll(".xtick text, .legendtext")).map((text) => getComputedStyle(text).fill),
             fronts: report.plots.flatMap((plot) => plot.traces.some((trace) => trace.line) ?
               Array.from(document.getElementById("plot-" + plot.id).querySelectorAll(".js-line"))
                 .map((line) => getComputedStyle(line).stroke) : []) },
  sentences: Array.from(document.querySelectorAll("#sentences p")).map((one) => one.textContent),
  resources: performance.getEntriesByType("resource").map((entry) => entry.name),
  width: document.documentElement.scrollWidth, screen: innerWidth,
  title: document.title }));
document.body.append(probe);
parent.postMessage(probe.textContent, "*");
</script></body>)js";

/// Windows of a headless browser are at least 500 wide, frames may be as narrow as a phone.
constexpr const char* k_phone = R"js(<!DOCTYPE html><html><body><pre id="probe"></pre><script>
addEventListener("message", (event) => { document.getElementById("probe").textContent = event.data; });
</script><iframe src="probe.html" width="390" height="800" style="border: 0"></iframe></body></html>)js";

std::string from_base64(const std::string& text) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string::npos) continue;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count >= 8) out.push_back(static_cast<char>(bits >> (count -= 8) & 0xFFU));
  }
  return out;
}

std::string between(const std::string& text, const std::string& opening, const std::string& closing) {
  const std::size_t begin = text.find(opening);
  if (begin == std::string::npos) return {};
  return text.substr(begin + opening.size(), text.find(closing, begin) - begin - opening.size());
}

/// What a browser made of the page.
struct Seen {
  Json probe;
  std::string log;
  std::size_t requests = 0;  // to the network, by a page; the browser's own have no origin
};

std::size_t page_requests(const std::string& net_log) {
  const std::string key = "\"initiator\":\"";
  std::size_t count = 0;
  for (std::size_t at = net_log.find(key); at != std::string::npos; at = net_log.find(key, at + 1)) {
    count += net_log.compare(at + key.size(), 14, "not an origin\"") == 0 ? 0 : 1;
  }
  return count;
}

class ReportPage : public ::testing::Test {
 protected:
  void SetUp() override {
    chromium_ = testing::find_program({"chromium", "chromium-browser", "google-chrome"});
    if (chromium_.empty()) GTEST_SKIP() << "no chromium on PATH (Debian: chromium)";
    if (!std::filesystem::exists(plotly_path()))
      GTEST_SKIP() << "no plot library at " << plotly_path() << " (run cluster/setup.sh)";
  }

  std::string page_of(const Json& report) {
    write_report(folder_ / "report.html", report);
    return read_file(folder_ / "report.html");
  }

  Seen open(std::string page, const std::string& setting = "--no-first-run", bool on_phone = false) {
    page.replace(page.rfind("</body>"), 7, k_probe);
    write_file_atomically(folder_ / "probe.html", page);
    write_file_atomically(folder_ / "phone.html", k_phone);
    const std::string net_log = (folder_ / "net.json").string();
    const std::vector<std::string> command = {
        chromium_,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        setting,
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--disable-default-apps",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--user-data-dir=" + (folder_ / "profile").string(),
        "--log-net-log=" + net_log,
        "--enable-logging=stderr",
        "--window-size=500,800",
        "--virtual-time-budget=60000",
        "--dump-dom",
        "file://" + (folder_ / (on_phone ? "phone.html" : "probe.html")).string()};
    testing::Finished finished;
    // On a crowded machine the browser's own processes give up on each other before they show any page.
    for (int start = 0; start < 3 && finished.output.find("<!DOCTYPE html>") == std::string::npos; ++start) {
      finished = testing::run_outside(command, 150);
    }
    Seen seen{nullptr, {}, page_requests(read_file(net_log))};
    const std::string found = between(finished.output, "<pre id=\"probe\">", "</pre>");
    if (!found.empty()) seen.probe = Json::parse(from_base64(found));
    // The page itself is part of the output; what follows and precedes it is the log.
    const std::size_t begin = finished.output.find("<!DOCTYPE html>"), end = finished.output.rfind("</html>");
    if (begin == std::string::npos || end == std::string::npos) {
      seen.log = finished.output;
    } else {
      seen.log = finished.output.substr(0, begin) + finished.output.substr(end);
    }
    return seen;
  }

  std::string chromium_;
  TemporaryFolder folder_;
};

Json hostile_report() {
  VerdictRules rules;
  rules.permutations = 199;
  rules.bootstrap.replicates = 200;
  const std::string hostile = "x</script><img src=http://example.com/a.png onerror=console.error('ran')>&\"'";
  std::vector<NamedRun> runs = {{"runs/lora", tiny_run({.variant = "lora"})},
                                {"runs/other", tiny_run({.variant = hostile, .quality = 0.4})}};
  const NamedSimulation simulation{"s.h5", testing::tiny_simulation({"lora", hostile})};
  return make_report(pool_runs(std::move(runs)), {&simulation, 1}, rules);
}

Json distances(const Json& from, const Json& to) {
  Json out = Json::array();
  for (std::size_t i = 0; i < from.size(); ++i) {
    out.push_back(from[i].is_null() || to[i].is_null() ? Json() : Json(to[i].get<double>() - from[i].get<double>()));
  }
  return out;
}

bool has_bars(const Json& trace) {
  for (const Json& end : trace["low"]) {
    if (!end.is_null()) return true;
  }
  return false;
}

TEST_F(ReportPage, plots_exactly_the_numbers_of_the_report_and_loads_nothing) {
  const Json report = hostile_report();
  const Seen seen = open(page_of(report));
  ASSERT_TRUE(seen.probe.is_object()) << seen.log;
  std::size_t at = 0, numbers = 0;
  for (const Json& plot : report["plots"]) {
    if (plot["traces"].empty()) continue;
    const Json& held = seen.probe["plots"].at(at++);
    ASSERT_EQ(held["id"], plot["id"]);
    ASSERT_EQ(held["traces"].size(), plot["traces"].size()) << plot["id"];
    std::size_t points = 0;
    for (std::size_t t = 0; t < plot["traces"].size(); ++t) {
      const Json &wanted = plot["traces"][t], &drawn = held["traces"][t];
      EXPECT_EQ(drawn["x"], wanted["x"]) << plot["id"];
      EXPECT_EQ(drawn["y"], wanted["y"]) << plot["id"];
      numbers += wanted["y"].size();
      points += wanted.value("line", false) ? 0 : wanted["y"].size();
      ASSERT_EQ(drawn["plus"].is_array(), has_bars(wanted)) << plot["id"];
      if (!has_bars(wanted)) continue;
      EXPECT_NE(drawn["vertical"], plot["forest"]);
      const Json& values = plot["forest"].get<bool>() ? wanted["x"] : wanted["y"];
      EXPECT_EQ(drawn["plus"], distances(values, wanted["high"])) << plot["id"];
      EXPECT_EQ(drawn["minus"], distances(wanted["low"], values)) << plot["id"];
      EXPECT_GT(held["bars"], 0);
    }
    EXPECT_EQ(held["points"], points) << plot["id"] << ": every mark is on the screen";
  }
  EXPECT_EQ(at, seen.probe["plots"].size());
  EXPECT_GT(numbers, 200U);
  EXPECT_EQ(seen.log.find("CONSOLE"), std::string::npos) << seen.log;
  EXPECT_EQ(seen.probe["resources"], Json::array());
  EXPECT_EQ(seen.requests, 0U);
  EXPECT_LE(seen.probe["width"], seen.probe["screen"]) << "a phone needs no sideways scrolling";
}

/// Of a colour as computed styles give it (WCAG 2.1, relative luminance).
double luminance(const std::string& colour) {
  double channels[3] = {};
  if (std::sscanf(colour.c_str(), "rgb(%lf, %lf, %lf", &channels[0], &channels[1], &channels[2]) != 3) {
    ADD_FAILURE() << "no colour: " << colour;
  }
  for (double& channel : channels) {
    channel /= 255;
    channel = channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
  }
  return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
}

double contrast(const std::string& a, const std::string& b) {
  const double one = luminance(a), other = luminance(b);
  return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

TEST_F(ReportPage, is_readable_by_day_and_in_the_dark_on_a_phone) {
  const Json report = hostile_report();
  const std::string page = page_of(report);
  for (const bool dark : {false, true}) {
    const Seen seen = open(page, dark ? "--blink-settings=preferredColorScheme=0" : "--no-first-run");
    ASSERT_TRUE(seen.probe.is_object()) << seen.log;
    if (dark && !seen.probe["dark"]) GTEST_SKIP() << "this browser cannot be told to prefer dark pages";
    const Json& colours = seen.probe["colours"];
    const std::string ground = colours["ground"];
    EXPECT_EQ(luminance(ground) < 0.1, dark) << ground;
    EXPECT_GE(contrast(ground, colours["ink"]), 7.0);
    EXPECT_GT(colours["ticks"].size(), 20u);
    for (const Json& tick : colours["ticks"]) EXPECT_GE(contrast(ground, tick), 4.5) << tick << " on " << ground;
    ASSERT_FALSE(colours["fronts"].empty()) << "the line through what is not dominated";
    for (const Json& line : colours["fronts"]) EXPECT_GE(contrast(ground, line), 3.0) << line << " on " << ground;
    EXPECT_EQ(seen.probe["sentences"], report["sentences"]) << "the summary stands on the page as it is";
    EXPECT_LE(seen.probe["width"], seen.probe["screen"]);
  }
}

TEST_F(ReportPage, fits_a_phone) {
  const Json report = hostile_report();
  const Seen seen = open(page_of(report), "--no-first-run", /*on_phone=*/true);
  ASSERT_TRUE(seen.probe.is_object()) << seen.log;
  EXPECT_EQ(seen.probe["screen"], 390);
  EXPECT_LE(seen.probe["width"], 390) << "no sideways scrolling";
  EXPECT_EQ(seen.probe["tables"].size(), report["tables"].size());
  for (const Json& plot : seen.probe["plots"])
    EXPECT_GT(plot["points"].get<int>() + plot["lines"].get<int>(), 0) << plot["id"];
}

TEST_F(ReportPage, shows_every_number_of_every_table) {
  const Json report = hostile_report();
  const Seen seen = open(page_of(report));
  ASSERT_TRUE(seen.probe.is_object()) << seen.log;
  for (std::size_t t = 0; t < report["tables"].size(); ++t) {
    const Json &table = report["tables"][t], &cells = seen.probe["tables"][t]["cells"];
    ASSERT_EQ(cells.size(), table["rows"].size()) << table["id"];
    for (std::size_t r = 0; r < cells.size(); ++r) {
      for (std::size_t c = 0; c < table["columns"].size(); ++c) {
        const Json cell = table["rows"][r].value(table["columns"][c]["key"].get<std::string>(), Json());
        const Json value = cell.is_object() ? cell["value"] : cell;
        const std::string shown = cells[r][c];
        if (value.is_number()) {
          EXPECT_EQ(std::stod(shown), value.get<double>()) << table["id"] << r << c;
        } else {
          EXPECT_EQ(shown, value.is_null() ? "" : value.get<std::string>()) << table["id"] << r << c;
        }
      }
    }
  }
}

/// The checks above can fail: a page without its policy that loads something and complains is seen to do both.
TEST_F(ReportPage, would_be_caught_when_it_loaded_something) {
  std::string page = page_of(hostile_report());
  const std::size_t policy = page.find("<meta http-equiv");
  page.erase(policy, page.find('>', policy) + 1 - policy);
  page.insert(page.rfind("</body>"),
              "<script>console.error('planted'); new Image().src = 'http://example.com/a.png';</script>");
  const Seen seen = open(page);
  EXPECT_NE(seen.log.find("CONSOLE"), std::string::npos) << seen.log;
  EXPECT_EQ(seen.requests, 1U);
}

}  // namespace
}  // namespace coldframe
