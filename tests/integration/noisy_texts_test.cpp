// Noise on the texts of training: a share of anchors, the same for the same (seed, user, epoch), prompts left alone.

#include "framework/cli/noisy_texts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/text/text_noise.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

/// An experiment on the invented people, with everything that training reads its texts from.
class Setting {
 public:
  Setting(const TrainingJob& job, const std::vector<std::string>& overrides) {
    experiment_.add_to(schema_);
    config_ = load_config(schema_, {{job.folder() / "job.ini"}, overrides});
    data_ = std::make_unique<ExperimentData>(experiment_);
    plain_ = std::make_unique<TokenizedTexts>(*data_, Tokenizer::from_folder(experiment_.encoder.folder), 512);
    noisy_ = std::make_unique<NoisyTexts>(experiment_, *data_, *plain_);
  }
  const std::vector<UserId>& users() const { return data_->roles.users(Role::train); }
  std::vector<std::int64_t> plain(UserId user) const { return *plain_->user(user, history_); }
  std::vector<std::int64_t> anchor(UserId user, std::uint64_t epoch) const {
    return *noisy_->anchor(user, history_, epoch);
  }
  /// Share of (user, epoch) whose anchor is written otherwise, over 40 epochs.
  double changed() const {
    double changed = 0.0;
    for (const UserId user : users()) {
      for (std::uint64_t epoch = 0; epoch < 40; ++epoch) changed += anchor(user, epoch) != plain(user) ? 1.0 : 0.0;
    }
    return changed / (40.0 * static_cast<double>(users().size()));
  }

 private:
  Experiment experiment_;
  ConfigSchema schema_;
  ResolvedConfig config_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<TokenizedTexts> plain_;
  std::unique_ptr<NoisyTexts> noisy_;
  std::vector<ItemId> history_ = {ItemId(2), ItemId(5)};
};

/// Ends in punctuation, so that its tokens do not run into those of the text.
constexpr const char* k_prompt = "text.user_prompt=\"red river stone: \"";

class NoisyTextsTest : public ::testing::Test {
 protected:
  TrainingJob job_;
};

TEST_F(NoisyTextsTest, disturb_the_share_of_anchors_that_was_asked_for) {
  EXPECT_EQ(Setting(job_, {}).changed(), 0.0);
  EXPECT_EQ(Setting(job_, {"training.text_noise=typos", "training.text_noise_share=0"}).changed(), 0.0);
  EXPECT_EQ(Setting(job_, {"training.text_noise=typos", "training.text_noise_severity=0"}).changed(), 0.0);
  // 30 users x 40 epochs; a typo in every word changes the tokens. Three standard errors of .3 are .04.
  const std::vector<std::string> some = {"training.text_noise=typos", "training.text_noise_severity=1",
                                         "training.text_noise_share=0.3"};
  EXPECT_NEAR(Setting(job_, some).changed(), 0.3, 0.04);
  EXPECT_EQ(Setting(job_, {some[0], some[1], "training.text_noise_share=1"}).changed(), 1.0);
}

TEST_F(NoisyTextsTest, are_a_function_of_seed_user_and_epoch) {
  const std::vector<std::string> settings = {"training.text_noise=typos,truncation", "training.text_noise_severity=0.5",
                                             "training.text_noise_share=1"};
  const Setting one(job_, settings), same(job_, settings);
  Setting other(job_, {settings[0], settings[1], settings[2], "experiment.seed=2"});
  std::size_t by_epoch = 0, by_seed = 0;
  for (const UserId user : one.users()) {
    EXPECT_EQ(one.anchor(user, 3), same.anchor(user, 3));
    by_epoch += one.anchor(user, 3) != one.anchor(user, 4) ? 1 : 0;
    by_seed += one.anchor(user, 3) != other.anchor(user, 3) ? 1 : 0;
  }
  EXPECT_GT(by_epoch, one.users().size() / 2);
  EXPECT_GT(by_seed, one.users().size() / 2);
}

TEST_F(NoisyTextsTest, leave_the_prompt_alone) {
  const std::vector<std::string> noise = {"training.text_noise=out_of_domain", "training.text_noise_severity=1",
                                          "training.text_noise_share=1"};
  const Setting without(job_, noise), with(job_, {noise[0], noise[1], noise[2], k_prompt});
  const Setting prompt(job_, {k_prompt});
  for (const UserId user : with.users()) {
    const std::vector<std::int64_t> noisy = with.anchor(user, 0), plain = prompt.plain(user),
                                    bare = without.anchor(user, 0);
    const std::size_t length = noisy.size() - bare.size();  // of the prompt
    ASSERT_GE(length, 3u);
    EXPECT_TRUE(std::equal(noisy.begin(), noisy.begin() + 1 + static_cast<std::ptrdiff_t>(length), plain.begin()));
    EXPECT_TRUE(std::equal(noisy.begin() + 1 + static_cast<std::ptrdiff_t>(length), noisy.end(), bare.begin() + 1));
  }
}

TEST_F(NoisyTextsTest, unknown_kinds_are_named) {
  try {
    Setting(job_, {"training.text_noise=typo"});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean typos?"), std::string::npos) << error.what();
  }
  for (const std::string& name : text_noise_names()) EXPECT_TRUE(text_noise_of(name)) << name;
}

}  // namespace
}  // namespace coldframe::testing
