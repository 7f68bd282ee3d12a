#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "framework/cli/chosen_encoder.h"
#include "framework/cli/entity_rows.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/vector_stream.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/data/dataset_store.h"
#include "framework/training/gemm_check.h"

namespace coldframe {
namespace {

/// Texts of a chunk go through a layer together. Larger chunks leave the caches: measured, 4,096 tokens took 1.15 times as
/// long per text and a quarter more memory (docs/benchmarks.md).
constexpr std::int64_t k_chunk_tokens = 2048;

struct EncodeOptions final : Options {
  std::string run, encoder, input, data, output;
  std::string what = "texts";
  std::vector<std::string> multi;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder whose trained encoder is used"}, run);
    visitor.visit({.name = "encoder", .doc = "instead of a run: folder of a pretrained encoder, used as it is"},
                  encoder);
    visitor.visit(
        {.name = "input", .doc = "texts: one per line, or rows of a .csv or .tsv file with a header; .gz too"}, input);
    visitor.visit({.name = "data", .doc = "instead of an input: dataset store, for all its items or users"}, data);
    visitor.visit({.name = "what",
                   .doc = "texts as they stand (column text of a table), or items or users by template and prompt",
                   .choices = {"texts", "items", "users"}},
                  what);
    visitor.visit(
        {.name = "multi", .doc = "column of a table that holds several values separated by |; may be repeated"}, multi);
    visitor.visit({.name = "output", .doc = "file of vectors to write: .h5 or .npy"}, output);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems;
    if (run.empty() && encoder.empty())
      problems.push_back({"run", "is missing, as is --encoder (one must say which encoder) give one of them"});
    if (!run.empty() && !encoder.empty())
      problems.push_back({"run", "stands beside --encoder (only one can say which encoder) leave one of them out"});
    if (input.empty() && data.empty())
      problems.push_back({"input", "is missing, as is --data (one must say what to encode) give one of them"});
    if (!input.empty() && !data.empty())
      problems.push_back({"input", "stands beside --data (only one can say what to encode) leave one of them out"});
    if (!data.empty() && what == "texts")
      problems.push_back({"what", "(a store holds no plain texts) give items or users"});
    if (!multi.empty() && (input.empty() || !is_table_name(input)))
      problems.push_back({"multi", "(only columns of a .csv or .tsv input hold several values) leave it out"});
    if (output.empty()) {
      problems.push_back({"output", "(is missing) give the file of vectors to write"});
    } else if (!is_vector_file_name(output)) {
      problems.push_back({"output", "(vectors are written as HDF5 or NumPy) end the name in .h5 or .npy"});
    }
    return problems;
  }
  TextKind kind() const { return what == "texts" ? TextKind::text : what == "items" ? TextKind::item : TextKind::user; }
};

/// Tells how far it is: redrawn on a terminal, and in a log every half minute.
class EncodeProgress {
 public:
  EncodeProgress(std::size_t total, const Clock& clock)
      : total_(total),
        clock_(clock),
        line_("encode", "texts", static_cast<std::int64_t>(total), clock),
        started_(clock.seconds()),
        told_(started_) {}

  void set(std::size_t done) {
    constexpr double every = 30;
    line_.set(static_cast<std::int64_t>(done));
    const double now = clock_.seconds();
    if (ProgressSink::terminal().stream != nullptr || now - told_ < every || done == 0) return;
    told_ = now;
    const double rate = static_cast<double>(done) / (now - started_);
    log_info("encode {}/{} texts, {:.1f} texts/s, {} left", done, total_, rate,
             format_duration(static_cast<double>(total_ - done) / rate));
  }

 private:
  std::size_t total_;
  const Clock& clock_;
  Progress line_;
  double started_;
  double told_;
};

class EncodeJob {
 public:
  EncodeJob(const EncodeOptions& options, const Experiment& experiment, const Invocation& invocation)
      : options_(options), experiment_(experiment), invocation_(invocation), group_(invocation.group) {}

  ExitCode run() {
    agree_on_errors(group_, "load encoder", [&] {
      chosen_ = std::make_unique<ChosenEncoder>(options_.run.empty()
                                                    ? ChosenEncoder::pretrained(experiment_, invocation_.config)
                                                    : ChosenEncoder::of_run(options_.run, invocation_.line.sources));
    });
    agree_on_errors(group_, "open input", [&] {
      if (group_.is_root()) open();
    });
    const std::int64_t threads = experiment_.distributed.threads;
    const Topology topology = discover_topology(group_);
    LanePool pool(threads > 0 ? static_cast<int>(threads) : topology.default_threads);
    check_gemm_speed(pool, topology, invocation_.provenance.instruction_set, chosen_->learner().parameters.precision());
    const auto max_tokens = static_cast<std::size_t>(token_limit(texts_of(), *chosen_->learner().encoder));
    const std::int64_t chunk_tokens = std::min(k_chunk_tokens, texts_of().batch.tokens);
    VectorStream stream({group_, pool, invocation_.clock, chosen_->learner(), max_tokens, chunk_tokens});
    const StreamSummary summary =
        stream.run(input_.get(), writer_.get(), [&](std::size_t done) { progress_->set(done); });
    progress_.reset();
    agree_on_errors(group_, "write vectors", [&] {
      if (!group_.is_root()) return;
      writer_->commit(provenance());
      log_info("{} texts, {} tokens in {:.1f} s: {:.1f} texts/s, {:.0f} tokens/s on {} ranks x {} threads",
               summary.texts, summary.tokens, summary.seconds, static_cast<double>(summary.texts) / summary.seconds,
               static_cast<double>(summary.tokens) / summary.seconds, group_.size(), pool.threads());
      invocation_.output << options_.output << '\n';
    });
    return ExitCode::done;
  }

 private:
  const Experiment& texts_of() const { return chosen_->experiment(); }

  std::unique_ptr<TextInput> make_input() const {
    const TextOptions& texts = texts_of().text;
    if (!options_.data.empty()) return dataset_texts(*data_, texts, options_.kind());
    if (is_table_name(options_.input)) return row_texts(options_.input, texts, options_.kind(), options_.multi);
    return line_texts(options_.input, texts, options_.kind());
  }

  void open() {
    if (!options_.data.empty()) data_ = std::make_unique<Dataset>(read_dataset(options_.data));
    const std::size_t texts = count_texts(*make_input());
    if (texts == 0) {
      throw DataError(fmt::format("{} holds no text", options_.data.empty() ? options_.input : options_.data), {},
                      "give one text per line, or rows below a header");
    }
    input_ = make_input();
    writer_ =
        make_vector_writer(options_.output, {texts, static_cast<std::size_t>(chosen_->learner().encoder->width())});
    progress_ = std::make_unique<EncodeProgress>(texts, invocation_.clock);
  }

  nlohmann::json provenance() const {
    nlohmann::json json = chosen_->provenance();
    json["input"] = options_.data.empty() ? options_.input : options_.data;
    if (data_) json["data"] = content_checksum(*data_);
    json["what"] = options_.what;
    json["ranks"] = group_.size();
    json["program"] = to_json(invocation_.provenance);
    return json;
  }

  const EncodeOptions& options_;
  const Experiment& experiment_;
  const Invocation& invocation_;
  const Group& group_;
  std::unique_ptr<ChosenEncoder> chosen_;
  std::unique_ptr<Dataset> data_;
  std::unique_ptr<TextInput> input_;
  std::unique_ptr<VectorWriter> writer_;
  std::unique_ptr<EncodeProgress> progress_;
};

class EncodeCommand final : public Subcommand {
 public:
  EncodeCommand() { experiment_.encoder.normalize = "folder"; }

  SubcommandInfo info() const override {
    return {
        .usage = "(--run RUN | --encoder FOLDER) (--input FILE | --data STORE --what items|users) --output FILE",
        .text =
            "Writes one vector per text: an HDF5 file (ids, vectors, provenance) or a NumPy array. Repeated texts are\n"
            "encoded once, memory does not grow with the input, and several ranks share the work: the vectors have\n"
            "the same bits for any number of ranks and threads. Options given here go over the run's own.",
        .config = ConfigUse::allowed,
        .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override {
    schema.section("text", "how users and items become texts", experiment_.text);
    schema.section("encoder", "the pretrained encoder", experiment_.encoder);
    schema.section("batch", "how texts are cut into products", experiment_.batch);
    schema.section("distributed", "ranks, threads, deadlines", experiment_.distributed, Effect::operation);
  }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }

  ExitCode run(const Invocation& invocation) override {
    if (!options_.encoder.empty()) experiment_.encoder.folder = options_.encoder;
    experiment_.strategy.use = {"frozen"};
    return EncodeJob(options_, experiment_, invocation).run();
  }

 private:
  EncodeOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_encode_command() { return std::make_unique<EncodeCommand>(); }

}  // namespace coldframe
