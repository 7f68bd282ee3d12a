#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "framework/cli/new_users.h"
#include "framework/cli/newcomer_vectors.h"
#include "framework/cli/reranking.h"
#include "framework/cli/stored_run.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/training_users.h"
#include "framework/comm/topology.h"
#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/log.h"
#include "framework/evaluation/item_fairness.h"
#include "framework/evaluation/top_items.h"
#include "framework/reporting/item_selection.h"
#include "framework/training/lane_pool.h"

namespace coldframe {
namespace {

struct RecommendOptions final : Options {
  std::string run, input, output;
  std::int64_t top = 10;
  bool prior = false;
  ExposureChoice exposure;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder whose trained encoder is used"}, run);
    visitor.visit({.name = "input", .doc = "new users, .csv or .tsv: attributes, and optionally id and history"},
                  input);
    visitor.visit({.name = "top", .doc = "items per user", .unit = "items", .minimum = 1}, top);
    visitor.visit({.name = "prior", .doc = "add the run's item prior, weighted as `coldframe evaluate` chose"}, prior);
    exposure.describe(visitor);
    visitor.visit({.name = "output", .doc = "CSV file to write; empty: standard output"}, output);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = exposure.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder"});
    if (input.empty()) {
      problems.push_back({"input", "(is missing) give a file of new users"});
    } else if (!is_table_name(input)) {
      problems.push_back({"input", "(users are read from a table with a header) give a .csv or .tsv file"});
    }
    return problems;
  }
};

constexpr std::size_t k_block = 64;                 // users that a thread ranks at a time
constexpr std::size_t k_window = 16384;             // users that are encoded together, and re-ranked together
constexpr std::size_t k_most_entries = 16'000'000;  // of lists that are re-ranked together: 256 MB
constexpr std::string_view k_header = "user,rank,item,score,text\n";

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back(c);
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

class Recommendation {
 public:
  Recommendation(const RecommendOptions& options, std::int64_t threads, const Invocation& invocation)
      : options_(options), invocation_(invocation), group_(invocation.group) {
    agree_on_errors(group_, "open run", [&] {
      run_ = std::make_unique<StoredRun>(options.run, invocation.line.sources);
      data_ = run_->load_data();
      reader_ = std::make_unique<NewUserReader>(options.input, data_->dataset);
      learner_ = run_->load_learner();
      texts_ = std::make_unique<TokenizedTexts>(*data_, learner_->tokenizer,
                                                token_limit(run_->experiment(), *learner_->encoder));
      if (options.prior) weight_ = run_->item_prior_weight();
      if (options.exposure.active()) choose_items();
      if (!options.output.empty() && group_.is_root()) {
        file_ = std::make_unique<AtomicFile>(options.output);
        file_->write(k_header);
      }
    });
    pool_ =
        std::make_unique<LanePool>(threads > 0 ? static_cast<int>(threads) : discover_topology(group_).default_threads);
    encoder_ = std::make_unique<BulkEncoder>(group_, *pool_, *learner_->encoder, learner_->parameters,
                                             run_->experiment().batch.tokens);
  }

  void run() {
    scores_ = std::make_unique<ItemScores>(encode_items(*encoder_, *texts_, *data_));
    if (options_.prior) scores_->set_prior(run_->scale(), weight_, training_prior(*data_));
    std::size_t done = 0;
    while (true) {
      NewUsers users;
      agree_on_errors(group_, "read users", [&] { users = reader_->next(window()); });
      if (users.size() == 0) break;
      const EncodedTexts vectors = user_vectors(users);
      agree_on_errors(group_, "rank items", [&] {
        if (!group_.is_root()) return;
        if (done == 0 && !file_) invocation_.output << k_header;
        rank(users, vectors);
      });
      done += users.size();
    }
    agree_on_errors(group_, "write recommendations", [&] {
      if (done == 0)
        throw DataError(fmt::format("{} holds no user", options_.input), "there is nothing below its header");
      if (file_) file_->commit();
      report_out_of_reach(done);
    });
  }

 private:
  /// Items of a list: there are no more than the catalogue has.
  std::size_t places() const { return std::min(static_cast<std::size_t>(options_.top), data_->dataset.items.size()); }

  std::size_t window() const {
    if (!options_.exposure.active()) return k_window;
    const std::size_t entries = std::min(2 * places(), data_->dataset.items.size());  // of the group, and others
    return std::clamp<std::size_t>(k_most_entries / entries, 1, k_window);
  }

  void report_out_of_reach(std::size_t users) const {
    if (out_of_reach_ == 0) return;
    log_warning(
        "{} of {} users (the first is {}) cannot have {} of the attention on \"{}\": their lists hold all they can",
        out_of_reach_, users, first_out_of_reach_, options_.exposure.share, options_.exposure.group);
  }

  void choose_items() {
    std::vector<std::uint64_t> counts;
    for (const std::uint32_t count : data_->likes.count_by_item(data_->roles.users(Role::train)))
      counts.push_back(count);
    exposed_ = select_items(data_->dataset.items, counts, options_.exposure.group);
  }

  void write(const std::string& text) {
    if (file_) {
      file_->write(text);
    } else {
      invocation_.output << text;
    }
  }

  /// As `evaluate` makes them: one text of profile and history, or the profile's vector averaged with those of items.
  EncodedTexts user_vectors(const NewUsers& users) const {
    const Experiment& experiment = run_->experiment();
    const bool reencode = experiment.evaluation.user_vector_rule() == UserVector::reencode;
    const TextViews views(users.table, data_->dataset.items, experiment.text);
    std::vector<Tokens> tokens;
    for (std::uint32_t u = 0; u < users.size(); ++u) {
      std::vector<ItemId> newest_first;
      if (reencode) newest_first.assign(users.likes[u].rbegin(), users.likes[u].rend());
      tokens.push_back(texts_->text(views.user(UserId(u), newest_first, TextUse::evaluation)));
    }
    EncodedTexts vectors = encoder_->encode(tokens, "encode users");
    if (reencode) return vectors;
    const VectorTable items = vector_table(scores_->items());
    for (std::size_t u = 0; u < users.size(); ++u) {
      const std::vector<float> profile(vectors.row(u).begin(), vectors.row(u).end());
      recompose(profile, items, users.likes[u], users.likes[u].size(),
                vectors.vectors.span().subspan(u * vectors.width, vectors.width));
    }
    return vectors;
  }

  void rank(const NewUsers& users, const EncodedTexts& vectors) {
    const std::size_t k = places();
    std::vector<SplitList> split;
    ExposureBonuses bonuses;
    if (options_.exposure.active()) {
      split = split_lists(users, vectors, k);
      bonuses = exposure_bonuses(split, logarithmic_attention(k), options_.exposure);
      if (out_of_reach_ == 0 && !bonuses.out_of_reach.empty()) {
        first_out_of_reach_ = users.table.ids[bonuses.out_of_reach.front()];
      }
      out_of_reach_ += bonuses.out_of_reach.size();
    }
    std::vector<std::string> lines((users.size() + k_block - 1) / k_block);
    for_users(users, vectors, [&](std::size_t u, TopItems& top, std::span<const float> scores) {
      std::vector<ItemId> list;
      if (split.empty()) {
        const auto chosen = top.select(UserKey(stable_hash(users.table.ids[u])), scores, users.likes[u], k);
        list.assign(chosen.begin(), chosen.end());
      } else {
        list = boosted_list(split[u], bonuses.of_list[u], k);
      }
      std::size_t place = 0;
      for (const ItemId item : list) {
        lines[u / k_block] += fmt::format("{},{},{},{:.6g},{}\n", csv_cell(users.table.ids[u]), ++place,
                                          csv_cell(data_->dataset.items.ids[item.value()]), scores[item.value()],
                                          csv_cell(data_->texts.item(item)));
      }
    });
    for (const std::string& text : lines) write(text);
  }

  /// The users in blocks, by all threads: visit(user, scratch for lists, scores).
  template <class Visit>
  void for_users(const NewUsers& users, const EncodedTexts& vectors, Visit visit) {
    const TieBreak ties = tie_break(run_->experiment(), *data_);
    pool_->run((users.size() + k_block - 1) / k_block, [&](std::size_t b) {
      const std::size_t items = data_->dataset.items.size();
      TopItems top(items, ties);
      std::vector<float> scores(items);
      for (std::size_t u = b * k_block; u < std::min(users.size(), (b + 1) * k_block); ++u) {
        scores_->score(vectors.row(u), scores);
        visit(u, top, scores);
      }
    });
  }

  std::vector<SplitList> split_lists(const NewUsers& users, const EncodedTexts& vectors, std::size_t k) {
    const TieBreak ties = tie_break(run_->experiment(), *data_);
    std::vector<SplitList> split(users.size());
    for_users(users, vectors, [&](std::size_t u, TopItems& top, std::span<const float> scores) {
      ListSplitter splitter(top.items(), ties, exposed_);
      split[u] = splitter.split(UserKey(stable_hash(users.table.ids[u])), scores, users.likes[u], k);
    });
    return split;
  }

  const RecommendOptions& options_;
  const Invocation& invocation_;
  const Group& group_;
  std::unique_ptr<StoredRun> run_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<NewUserReader> reader_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<TokenizedTexts> texts_;
  std::unique_ptr<LanePool> pool_;
  std::unique_ptr<BulkEncoder> encoder_;
  std::unique_ptr<ItemScores> scores_;
  std::unique_ptr<AtomicFile> file_;
  double weight_ = 0;
  std::vector<ItemId> exposed_;   // that are to be seen more
  std::size_t out_of_reach_ = 0;  // users whose list cannot give them the share
  std::string first_out_of_reach_;
};

class RecommendCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage =
            "--run RUN --input USERS.csv [--top K] [--prior] [--exposure_group ITEMS --exposure_share S]\n"
            "[--output FILE.csv] [--SECTION.KEY=VALUE ...]",
        .text =
            "Ranks all items for users who are in no data set, known by attributes and perhaps some likes, as "
            "`evaluate`\n"
            "ranks them for held-out ones; what a user liked is left out. Columns of the input: id, the attributes of\n"
            "the run's data, and history: item ids separated by |, oldest first. Several ranks share the encoding. "
            "With\n"
            "--exposure_group the lists give these items a share of the attention at the least loss of score; lists "
            "are\n"
            "re-ranked together in windows of 16,384 users (fewer where lists are very long).",
        .config = ConfigUse::allowed,
        .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override {
    schema.section("evaluation", "the k-shot table of real newcomers", evaluation_);
    schema.section("distributed", "ranks, threads, deadlines", distributed_, Effect::operation);
  }
  const CommOptions* comm() const override { return &distributed_.comm; }

  ExitCode run(const Invocation& invocation) override {
    Recommendation(options_, distributed_.threads, invocation).run();
    return ExitCode::done;
  }

 private:
  RecommendOptions options_;
  EvaluationOptions evaluation_;
  DistributedOptions distributed_;
};

}  // namespace

std::unique_ptr<Subcommand> make_recommend_command() { return std::make_unique<RecommendCommand>(); }

}  // namespace coldframe
