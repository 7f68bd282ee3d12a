#include "framework/core/config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/core/config_fixture.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConfigTest : public testing::ConfigFixture {};

TEST_F(ConfigTest, without_sources_everything_has_its_default) {
  const ResolvedConfig config = load();
  EXPECT_EQ(optimizer_.learning_rate, 3e-4);
  EXPECT_EQ(config.find("optimizer.learning_rate")->origin.text(), "default");
  EXPECT_EQ(config.find("optimizer.nothing"), nullptr);
  EXPECT_THAT(config.instances("strategy"), IsEmpty());
}

TEST_F(ConfigTest, reads_every_type) {
  write("a.ini", "[optimizer]\nlearning_rate = 1e-3\nwarmup = -0\namsgrad = yes\nschedule = cosine\nwarmup = 7\n");
  EXPECT_THAT(problems(), HasSubstr("given twice"));
  files_.clear();
  write("b.ini",
        "[optimizer]\nlearning_rate = 1e-3\nwarmup = 7\namsgrad = yes\nschedule = cosine\nnote = some words here\n"
        "cutoffs = 1, 3 10\nscales = 0.5,2\ngroups = one \"two words\", three\n");
  load();
  EXPECT_EQ(optimizer_.learning_rate, 1e-3);
  EXPECT_EQ(optimizer_.warmup, 7);
  EXPECT_TRUE(optimizer_.amsgrad);
  EXPECT_EQ(optimizer_.schedule, "cosine");
  EXPECT_EQ(optimizer_.note, "some words here");
  EXPECT_THAT(optimizer_.cutoffs, ElementsAre(1, 3, 10));
  EXPECT_THAT(optimizer_.scales, ElementsAre(0.5, 2));
  EXPECT_THAT(optimizer_.groups, ElementsAre("one", "two words", "three"));
}

TEST_F(ConfigTest, an_empty_list_is_a_list) {
  write("a.ini", "[optimizer]\ncutoffs =\ngroups =   # none\n");
  load();
  EXPECT_THAT(optimizer_.cutoffs, IsEmpty());
  EXPECT_THAT(optimizer_.groups, IsEmpty());
}

TEST_F(ConfigTest, overrides_beat_later_files_beat_earlier_files_beat_defaults) {
  const auto a = write("a.ini", "[optimizer]\nlearning_rate = 1\nwarmup = 1\nbeta = 0.1\n");
  const auto b = write("b.ini", "[optimizer]\nlearning_rate = 2\nwarmup = 2\n");
  const ResolvedConfig config = load({"--optimizer.learning_rate=3"});
  EXPECT_EQ(optimizer_.learning_rate, 3);
  EXPECT_EQ(optimizer_.warmup, 2);
  EXPECT_EQ(optimizer_.beta, 0.1);
  EXPECT_EQ(config.find("optimizer.learning_rate")->origin.text(), "command line");
  EXPECT_EQ(config.find("optimizer.warmup")->origin.text(), b.string() + ":3");
  EXPECT_EQ(config.find("optimizer.beta")->origin.text(), a.string() + ":4");
}

TEST_F(ConfigTest, quotes_protect_hashes_blanks_and_escapes) {
  write("a.ini",
        "; a comment\n# another\n[optimizer]  # with a comment\n"
        "note = \"  a # b \\\"c\\\" \\\\ \\n\"  # comment\n[experiment]\nroot = runs#1 # comment\n");
  load();
  EXPECT_EQ(optimizer_.note, "  a # b \"c\" \\ \n");
  EXPECT_EQ(experiment_.root, "runs#1");
}

TEST_F(ConfigTest, quotes_inside_a_text_stay) {
  write("a.ini", "[optimizer]\nnote = he said \"a # b\" and 5\" # comment\n");
  load();
  EXPECT_EQ(optimizer_.note, "he said \"a # b\" and 5\"");
}

TEST_F(ConfigTest, byte_order_mark_carriage_returns_reopened_sections_and_dotted_keys_are_understood) {
  write("a.ini", "\xEF\xBB\xBF[optimizer]\r\nwarmup = 5\r\n[experiment]\r\nseed=7\r\n[optimizer]\r\nbeta = 0.5\r\n");
  write("b.ini", "optimizer.amsgrad = true\n[strategy]\nlora.rank = 4\n");
  const ResolvedConfig config = load();
  EXPECT_EQ(optimizer_.warmup, 5);
  EXPECT_EQ(optimizer_.beta, 0.5);
  EXPECT_TRUE(optimizer_.amsgrad);
  EXPECT_EQ(dynamic_cast<const testing::LoraOptions&>(*config.instances("strategy").at(0).options).rank, 4);
}

TEST_F(ConfigTest, several_instances_of_a_family_live_side_by_side) {
  write("a.ini", "[strategy.lora]\n[strategy.wide]\nkind = lora\nrank = 64\n[strategy.all]\nkind = full\n");
  const ResolvedConfig config = load({"--strategy.lora.rank=4"});
  const std::vector<ConfigInstance>& strategies = config.instances("strategy");
  ASSERT_EQ(strategies.size(), 3u);
  EXPECT_EQ(strategies[0].name, "lora");
  EXPECT_EQ(dynamic_cast<const testing::LoraOptions&>(*strategies[0].options).rank, 4);
  EXPECT_EQ(strategies[1].name, "wide");
  EXPECT_EQ(strategies[1].kind, "lora");
  EXPECT_EQ(dynamic_cast<const testing::LoraOptions&>(*strategies[1].options).rank, 64);
  EXPECT_EQ(strategies[2].kind, "full");
  EXPECT_EQ(config.find("strategy.wide.kind")->origin.line, 3);
}

TEST_F(ConfigTest, an_overlay_changes_an_instance_of_its_base) {
  write("a.ini", "[strategy.lora]\nrank = 2\n");
  write("b.ini", "[strategy.lora]\nrank = 16\n");
  const ResolvedConfig config = load();
  ASSERT_EQ(config.instances("strategy").size(), 1u);
  EXPECT_EQ(dynamic_cast<const testing::LoraOptions&>(*config.instances("strategy")[0].options).rank, 16);
}

TEST_F(ConfigTest, free_sections_keep_order_and_origin) {
  write("a.ini", "[expect]\nevaluation.ndcg@10.shot0 = >= 0.30\nsimulation.x = \"< 5 # five\"\n");
  write("b.ini", "[expect]\nz = 1\nevaluation.ndcg@10.shot0 = >= 0.35\n");
  const ResolvedConfig config = load({"--expect.a.b=<= 2"});
  const std::vector<FreeValue>& bounds = config.free_values("expect");
  ASSERT_EQ(bounds.size(), 4u);
  EXPECT_EQ(bounds[0].key, "evaluation.ndcg@10.shot0");
  EXPECT_EQ(bounds[0].text, ">= 0.35");
  EXPECT_EQ(bounds[0].origin.line, 3);
  EXPECT_EQ(bounds[1].text, "< 5 # five");
  EXPECT_EQ(bounds[2].key, "z");
  EXPECT_EQ(bounds[3].key, "a.b");
  EXPECT_EQ(bounds[3].origin.text(), "command line");
}

TEST_F(ConfigTest, the_dump_names_every_value_and_its_origin) {
  write("a.ini", "[optimizer]\nlearning_rate = 0.001\n[strategy.wide]\nkind = lora\n[expect]\nx = >= 0.3\n");
  EXPECT_EQ(without_folder(dump_config(load({"--experiment.seed=3"}))),
            "[experiment]\n"
            "root = runs  # default\n"
            "seed = 3  # command line\n"
            "\n"
            "[optimizer]\n"
            "learning_rate = 0.001  # a.ini:2\n"
            "beta = 0.9  # default\n"
            "warmup = 10  # default\n"
            "amsgrad = false  # default\n"
            "schedule = linear  # default\n"
            "note = \"\"  # default\n"
            "cutoffs = 5, 10  # default\n"
            "scales =   # default\n"
            "groups = bias, norm  # default\n"
            "\n"
            "[strategy.wide]\n"
            "kind = lora  # a.ini:4\n"
            "rank = 8  # default\n"
            "\n"
            "[expect]\n"
            "x = >= 0.3  # a.ini:6\n");
}

TEST_F(ConfigTest, loading_the_dump_gives_the_same_configuration_whatever_the_values) {
  const std::vector<std::string> notes = {"",
                                          " ",
                                          "# not a comment",
                                          "a # b",
                                          "\"",
                                          "\"quoted\"",
                                          "back\\slash",
                                          "tab\there",
                                          "line\nbreak",
                                          "5\" # x",
                                          "a, b",
                                          "= [x]",
                                          ";",
                                          "ünïcode",
                                          "a \"b # c\" d",
                                          "\r"};
  for (const std::string& note : notes) {
    optimizer_ = {};
    optimizer_.note = note;
    optimizer_.groups = {note, "plain", note};
    optimizer_.scales = {0.1, 1e-300, 1.0 / 3, -2, 12345678901234567.0};
    files_.clear();
    const ResolvedConfig before = load();
    const nlohmann::json json = to_json(before);
    const std::string digest = config_digest(before);
    write("dump.ini", dump_config(before));
    optimizer_ = {};
    const ResolvedConfig after = load();
    EXPECT_EQ(to_json(after), json) << note;
    EXPECT_EQ(config_digest(after), digest) << note;
    EXPECT_EQ(optimizer_.note, note);
  }
}

TEST_F(ConfigTest, the_echo_is_typed_json) {
  write("a.ini", "[strategy.lora]\nrank = 4\n[expect]\na.b = > 1\n");
  const nlohmann::json json = to_json(load());
  EXPECT_EQ(json.at("optimizer").at("learning_rate"), 3e-4);
  EXPECT_EQ(json.at("optimizer").at("cutoffs"), (nlohmann::json{5, 10}));
  EXPECT_EQ(json.at("strategy.lora"), (nlohmann::json{{"kind", "lora"}, {"rank", 4}}));
  EXPECT_EQ(json.at("expect").at("a.b"), "> 1");
}

TEST_F(ConfigTest, the_digest_sees_what_changes_results_and_nothing_else) {
  const std::string plain = config_digest(load());
  EXPECT_EQ(config_digest(load({"--experiment.root=elsewhere", "--expect.x=1"})), plain);
  EXPECT_EQ(config_digest(load({"--experiment.root=runs", "--optimizer.learning_rate=0.00030"})), plain);
  EXPECT_NE(config_digest(load({"--optimizer.learning_rate=0.0004"})), plain);
  EXPECT_NE(config_digest(load({"--optimizer.learning_rate=3e-4", "--strategy.lora.kind=lora"})), plain);
}

TEST_F(ConfigTest, a_section_may_be_operational_as_a_whole) {
  testing::LoraOptions waiting;
  ConfigSchema schema;
  schema.section("distributed", "how ranks wait", waiting, Effect::operation);
  const std::string plain = config_digest(load_config(schema, {}));
  EXPECT_EQ(config_digest(load_config(schema, {{}, {"distributed.rank=3"}})), plain);
  EXPECT_EQ(waiting.rank, 3);
}

TEST_F(ConfigTest, help_gives_unit_range_and_default) {
  const std::string help = config_help(schema_);
  EXPECT_THAT(help, HasSubstr("[optimizer]  AdamW\n"));
  EXPECT_THAT(help, HasSubstr("--optimizer.learning_rate  peak rate (> 0, default 0.0003)"));
  EXPECT_THAT(help, HasSubstr("steps of warm-up (steps, >= 0, default 10)"));
  EXPECT_THAT(help, HasSubstr("(0 .. 1, default 0.9)"));
  EXPECT_THAT(help, HasSubstr("(linear | cosine, default linear)"));
  EXPECT_THAT(help, HasSubstr("[strategy.NAME]  how the encoder is tuned\n  kind = lora  low-rank updates\n"));
  EXPECT_THAT(help, HasSubstr("[expect]  acceptance bounds"));
}

TEST_F(ConfigTest, the_documentation_table_escapes_its_own_marks) {
  const std::string markdown = config_markdown(schema_);
  EXPECT_THAT(markdown, HasSubstr("## `[optimizer]`\n\nAdamW\n\n| key | meaning | unit | range | default |\n"));
  EXPECT_THAT(markdown, HasSubstr("| `schedule` | shape \\| form |  | linear \\| cosine | `linear` |\n"));
  EXPECT_THAT(markdown, HasSubstr("### `kind = lora`"));
}

}  // namespace
}  // namespace coldframe
