// `encode` and `recommend` through the program itself: the same bits on any ranks and threads, the vectors of the
// encoder, the order of the evaluation, and clear refusals.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "framework/data/dataset_store.h"
#include "framework/data/hdf5_file.h"
#include "framework/model/encoder_loader.h"
#include "framework/text/tokenizer.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

using ::testing::HasSubstr;

std::string tiny_encoder() { return std::string(std::getenv("COLDFRAME_SOURCE_DIR")) + "/tests/golden/tiny_encoder"; }

/// Texts of many lengths, with repeats, an empty one, and letters of several bytes.
std::vector<std::string> some_texts(std::size_t count) {
  const char* words[] = {"red", "blue", "night", "Fluß", "stone", "king", "lost", "city", "love", "war"};
  std::vector<std::string> texts;
  for (std::size_t t = 0; t < count; ++t) {
    std::string text;
    for (std::size_t w = 0; w < t % 13; ++w)
      text += fmt::format("{}{}", w ? " " : "", words[(t % 37 * 3 + w * w) % 10]);
    texts.push_back(text);
  }
  return texts;
}

std::vector<std::vector<float>> rows_of(const std::filesystem::path& file) {
  const Hdf5File hdf5 = Hdf5File::open(file);
  const std::size_t width = hdf5.shape("/vectors").at(1);
  const std::vector<float> values = hdf5.read<float>("/vectors");
  std::vector<std::vector<float>> rows;
  for (std::size_t at = 0; at < values.size(); at += width)
    rows.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(at),
                      values.begin() + static_cast<std::ptrdiff_t>(at + width));
  return rows;
}

float dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0f);
}

class EncodeTest : public ::testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return job_.folder() / name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name).string();
  }
  std::string write_lines(const std::string& name, const std::vector<std::string>& texts) const {
    std::string all;
    for (const std::string& text : texts) all += text + "\n";
    return write(name, all);
  }
  Outcome encode(const std::string& arguments, int ranks = 0) const {
    const std::string start = ranks > 0 ? fmt::format("mpirun -n {} ", ranks) : "";
    return run_command(fmt::format("{}'{}' encode {}", start, program_path().string(), arguments));
  }
  std::string train(const std::string& more = "") const {
    const Outcome outcome = job_.train(0, "runs", "--config " + job_.short_config().string() + " " + more);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return job_.run("runs", "lora").string();
  }
  TrainingJob job_;
};

TEST_F(EncodeTest, vectors_are_those_of_the_encoder_text_by_text) {
  const std::vector<std::string> texts = some_texts(60);
  const std::string input = write_lines("texts.txt", texts);
  const Outcome outcome =
      encode(fmt::format("--encoder {} --input {} --output {}", tiny_encoder(), input, path("v.h5").string()));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  ParameterStore parameters;
  EncoderOptions options;
  options.folder = tiny_encoder();
  const std::unique_ptr<Encoder> encoder = load_encoder(options, parameters);
  const auto tokenizer = Tokenizer::from_folder(tiny_encoder());
  const ParameterView view(parameters, false);
  const at::NoGradGuard no_grad;
  const std::vector<std::vector<float>> rows = rows_of(path("v.h5"));
  ASSERT_EQ(rows.size(), texts.size());
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const std::vector<TokenId> ids = tokenizer->encode(texts[t], static_cast<std::size_t>(encoder->max_tokens()));
    PackedBatch batch{{ids.begin(), ids.end()}, {0, static_cast<std::int64_t>(ids.size())}, {1}};
    const at::Tensor alone = encoder->forward({view, batch, DropoutContext{}}).contiguous();
    for (std::size_t d = 0; d < rows[t].size(); ++d) ASSERT_NEAR(rows[t][d], alone.data_ptr<float>()[d], 2e-6) << t;
  }
  const Hdf5File file = Hdf5File::open(path("v.h5"));
  EXPECT_EQ(file.read_strings("/ids").at(59), "60") << "line numbers";
  const auto provenance = nlohmann::json::parse(file.read_text("/", "provenance"));
  EXPECT_EQ(provenance.at("encoder"), tiny_encoder());
  EXPECT_TRUE(provenance.at("unit_length"));
}

TEST_F(EncodeTest, any_ranks_and_threads_give_the_same_bits) {
  const std::string input = write_lines("texts.txt", some_texts(500));
  std::map<std::string, std::string> files;
  const std::vector<std::pair<int, int>> ways = {{0, 1}, {0, 2}, {1, 1}, {2, 1}, {3, 1}, {2, 2}};
  for (const auto& [ranks, threads] : ways) {
    const std::string output = path(fmt::format("r{}t{}.npy", ranks, threads)).string();
    const Outcome outcome =
        encode(fmt::format("--encoder {} --input {} --output {} --batch.tokens=64 --distributed.threads={}",
                           tiny_encoder(), input, output, threads),
               ranks);
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    files[output] = read_file(output);
  }
  for (const auto& [name, bytes] : files) EXPECT_TRUE(bytes == files.begin()->second) << name;
  EXPECT_EQ(files.begin()->second.size() % 4, 0u);
}

TEST_F(EncodeTest, windows_of_a_long_input_join_without_seams) {
  // More texts than a window holds (32,768), so that repeats cross its border.
  const std::string input = write_lines("texts.txt", some_texts(33000));
  ASSERT_EQ(
      encode(fmt::format("--encoder {} --input {} --output {}", tiny_encoder(), input, path("v.h5").string())).code, 0);
  const std::vector<std::vector<float>> rows = rows_of(path("v.h5"));
  ASSERT_EQ(rows.size(), 33000u);
  for (std::size_t t = 0; t < 481; ++t) {  // texts repeat after 13 x 37
    const std::size_t last = t + (32999 - t) / 481 * 481;
    EXPECT_NEAR(dot(rows[t], rows[last]), 1.0f, 1e-5) << t;
  }
}

TEST_F(EncodeTest, rows_of_a_table_and_of_the_store_are_rendered_alike) {
  const std::string run = train();
  const Outcome store = encode(fmt::format("--run {} --data {} --what items --output {}", run, job_.store().string(),
                                           path("store.h5").string()));
  ASSERT_EQ(store.code, 0) << store.errors;
  const Dataset dataset = read_dataset(job_.store());
  std::string csv = "genres,id,year,title\n";
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    csv += fmt::format("{},{},{},\"{}\"\n", dataset.items.find("genres")->cell(i, "|"), dataset.items.ids[i],
                       dataset.items.find("year")->cell(i), dataset.items.find("title")->cell(i));
  }
  const Outcome table = encode(fmt::format("--run {} --input {} --multi genres --what items --output {}", run,
                                           write("items.csv", csv), path("table.h5").string()));
  ASSERT_EQ(table.code, 0) << table.errors;
  EXPECT_EQ(rows_of(path("store.h5")), rows_of(path("table.h5")));
  EXPECT_EQ(Hdf5File::open(path("table.h5")).read_strings("/ids"), dataset.items.ids);
}

TEST_F(EncodeTest, what_is_wrong_with_the_input_is_told_and_nothing_is_left) {
  const std::string output = path("v.h5").string();
  const auto refused = [&](const std::string& arguments, int code, const std::vector<std::string>& words) {
    expect_refused(encode(fmt::format("--encoder {} --output {} {}", tiny_encoder(), output, arguments)), code, words);
    for (const std::string& name : names_in(job_.folder())) EXPECT_FALSE(name.starts_with("v.h5")) << name;
  };
  refused("--input " + path("nowhere.txt").string(), k_data, {"nowhere.txt", "No such file"});
  refused("--input " + write("empty.txt", ""), k_data, {"empty.txt holds no text"});
  refused("--input " + write("bad.txt", "good\nalso good\nbad \xFF byte\n"), k_data, {"invalid UTF-8 in", "bad.txt:3"});
  refused("--input " + write("headless.csv", ""), k_data, {"headless.csv is empty"});
  refused("--input " + write("other.csv", "id,name\n1,x\n"), k_data, {"other.csv has no column text"});
  refused("--what items --input " + write("short.csv", "title,year,genres\na,1990\n"), k_data,
          {"short.csv:2", "2 cells"});
  refused("", k_config, {"input"});
  refused("--data " + job_.store().string(), k_config, {"what"});
  expect_refused(encode(fmt::format("--encoder {} --input x --output v.txt", tiny_encoder())), k_config,
                 {"end the name in .h5 or .npy"});
}

TEST_F(EncodeTest, recommendations_follow_the_scores_and_leave_out_what_is_known) {
  const std::string run = train();
  const std::string users =
      write("users.csv", "id,age,gender,occupation,history\nann,30,F,writer,\nbob,41,M,doctor,i5|i7\n\"c,d\",,,,i0\n");
  const Outcome outcome = run_program(fmt::format("recommend --run {} --input {} --top 40", run, users));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("\"c,d\",1,"));
  std::map<std::string, std::vector<std::pair<std::string, double>>> lists;
  std::istringstream lines(outcome.output);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "user,rank,item,score,text");
  while (std::getline(lines, line)) {
    if (line.starts_with('"')) continue;
    std::istringstream cells(line);
    std::string user, rank, item, score;
    std::getline(cells, user, ',') && std::getline(cells, rank, ',') && std::getline(cells, item, ',') &&
        std::getline(cells, score, ',');
    lists[user].emplace_back(item, std::stod(score));
    EXPECT_EQ(std::stoul(rank), lists[user].size());
  }
  ASSERT_EQ(lists["ann"].size(), 40u);
  ASSERT_EQ(lists["bob"].size(), 38u) << "two items are known";
  for (const auto& [item, score] : lists["bob"]) EXPECT_TRUE(item != "i5" && item != "i7");
  // Ann's scores are the cosines of the vectors that `encode` writes.
  ASSERT_EQ(encode(fmt::format("--run {} --data {} --what items --output {}", run, job_.store().string(),
                               path("items.h5").string()))
                .code,
            0);
  ASSERT_EQ(encode(fmt::format("--run {} --what users --input {} --output {}", run,
                               write("ann.csv", "age,gender,occupation\n30,F,writer\n"), path("ann.h5").string()))
                .code,
            0);
  const auto items = rows_of(path("items.h5")), ann = rows_of(path("ann.h5"));
  const std::vector<std::string> ids = Hdf5File::open(path("items.h5")).read_strings("/ids");
  double before = 2;
  for (const auto& [item, score] : lists["ann"]) {
    const auto row = static_cast<std::size_t>(std::ranges::find(ids, item) - ids.begin());
    EXPECT_NEAR(score, dot(items.at(row), ann.at(0)), 1e-5) << item;
    EXPECT_LE(score, before);
    before = score;
  }
}

TEST_F(EncodeTest, recommend_says_what_it_cannot_read) {
  const std::string run = train();
  const auto refused = [&](const std::string& more, const std::string& csv, const std::vector<std::string>& words) {
    const Outcome outcome =
        run_program(fmt::format("recommend --run {} --input {} {}", run, write("u.csv", csv), more));
    expect_refused(outcome, k_data, words);
    EXPECT_EQ(outcome.output, "");
  };
  refused("", "id,ocupation\na,writer\n", {"ocupation", "did you mean occupation?"});
  refused("", "age,history\n30,i1|i99\n", {"u.csv:2", "i99"});
  refused("", "age\nold\n", {"u.csv:2", "age = old", "must be a number"});
  refused("", "age\n", {"holds no user"});
  refused("--prior", "age\n30\n", {"no weight for the item prior", "coldframe evaluate"});
}

TEST_F(EncodeTest, the_item_prior_needs_an_evaluated_run_and_moves_the_list) {
  const std::string run = train();
  const Outcome evaluated = run_program(fmt::format("evaluate --run {}", run));
  ASSERT_EQ(evaluated.code, 0) << evaluated.errors;
  const std::string users = write("users.csv", "age,gender\n25,F\n");
  const Outcome pure = run_program(fmt::format("recommend --run {} --input {}", run, users));
  const Outcome with_prior = run_program(
      fmt::format("recommend --run {} --input {} --prior --output {}", run, users, path("top.csv").string()));
  ASSERT_EQ(with_prior.code, 0) << with_prior.errors;
  EXPECT_EQ(count(pure.output, "\n"), 11) << "a header and ten items";
  EXPECT_NE(read_file(path("top.csv")), pure.output);
}

}  // namespace
}  // namespace coldframe::testing
