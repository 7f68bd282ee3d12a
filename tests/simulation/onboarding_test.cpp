#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/informed_questions.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_users = 120;

double sigmoid(double l) { return 1.0 / (1.0 + std::exp(-l)); }
double coin_entropy(double p) { return p <= 0 || p >= 1 ? 0.0 : -p * std::log(p) - (1 - p) * std::log(1 - p); }

TEST(AnswerLaw, familiarity_grows_with_popularity) {
  const std::vector<std::uint32_t> likes = {10, 30, 0};  // mean 40 / 3
  const std::vector<double> known = known_shares(likes, 0.5);
  EXPECT_NEAR(known[0], 1 - std::exp(-0.5 * 10 * 3 / 40), 1e-12);
  EXPECT_NEAR(known[1], 1 - std::exp(-0.5 * 30 * 3 / 40), 1e-12);
  EXPECT_EQ(known[2], 0.0);
  EXPECT_EQ(known_shares(likes, 0), (std::vector<double>{1, 1, 1}));
  EXPECT_THROW(known_shares(std::vector<std::uint32_t>{0, 0}, 1), DataError);
}

TEST(AnswerLaw, answers_have_the_shares_of_the_law_and_stay_the_same) {
  const AnswerLaw law({0.4, 1.0}, {2.0, 0.7}, 3);
  constexpr int users = 20000;
  std::map<AnswerKind, double> said;
  for (int u = 0; u < users; ++u) {
    const UserKey user(static_cast<std::uint64_t>(u));
    const AnswerKind answer = law.answer(user, ItemId(0), 77, 0.5);
    EXPECT_EQ(law.answer(user, ItemId(0), 77, 0.5), answer);
    EXPECT_NE(law.answer(user, ItemId(1), 78, 0.5), AnswerKind::unknown);
    said[answer] += 1;
  }
  const double like = 0.4 * sigmoid(2.0 * 0.5 - 0.7), dislike = 0.4 - like;
  EXPECT_NEAR(said[AnswerKind::like] / users, like, 4 * std::sqrt(like * (1 - like) / users));
  EXPECT_NEAR(said[AnswerKind::dislike] / users, dislike, 4 * std::sqrt(dislike * (1 - dislike) / users));
}

TEST(AnswerLaw, likelihood_and_information_are_those_of_bayes_on_the_draws) {
  const AnswerLaw law({0.6}, {1.5, 0.4}, 3);
  std::vector<float> utilities, weights;
  double total = 0;
  for (int m = 0; m < 37; ++m) {
    utilities.push_back(static_cast<float>(2.0 * std::sin(1.3 * m) - 0.2));
    weights.push_back(static_cast<float>(1.0 + (m * m) % 7));
    total += weights.back();
  }
  for (float& weight : weights) weight /= static_cast<float>(total);
  const auto entropy = [](const std::vector<double>& p) {
    double sum = 0;
    for (const double share : p) sum -= share > 0 ? share * std::log(share) : 0;
    return sum;
  };
  // What is known of the draw after each of the three answers, from the definition.
  const std::vector<double> before(weights.begin(), weights.end());
  double after = 0;
  for (const AnswerKind kind : {AnswerKind::like, AnswerKind::dislike, AnswerKind::unknown}) {
    std::vector<double> joint;
    for (std::size_t m = 0; m < utilities.size(); ++m) {
      const double q = sigmoid(1.5 * static_cast<double>(utilities[m]) - 0.4);
      const double p = kind == AnswerKind::unknown ? 0.4 : 0.6 * (kind == AnswerKind::like ? q : 1 - q);
      joint.push_back(before[m] * p);
    }
    const double evidence = std::accumulate(joint.begin(), joint.end(), 0.0);
    for (double& p : joint) p /= evidence;
    after += evidence * entropy(joint);
  }
  EXPECT_NEAR(law.information(ItemId(0), utilities, weights), entropy(before) - after, 5e-6);

  std::vector<double> like(utilities.size(), 0.0), dislike(utilities.size(), 0.0);
  law.add_log_likelihood(AnswerKind::like, utilities, like);
  law.add_log_likelihood(AnswerKind::dislike, utilities, dislike);
  for (std::size_t m = 0; m < utilities.size(); ++m) {
    const double q = law.likes(static_cast<double>(utilities[m]));
    EXPECT_NEAR(like[m], std::log(q), 5e-6);
    EXPECT_NEAR(dislike[m], std::log(1 - q), 5e-6);
  }
}

TEST(AnswerLaw, what_everybody_would_answer_alike_tells_nothing) {
  const AnswerLaw law({1.0}, {1.0, 0.0}, 3);
  const std::vector<float> same(50, 0.8f), weights(50, 0.02f), extreme(50, 1e6f);
  EXPECT_NEAR(law.information(ItemId(0), same, weights), 0, 5e-6);
  EXPECT_NEAR(law.information(ItemId(0), extreme, weights), 0, 5e-6);
}

TEST(QuestionChooser, entropy_counts_all_three_answers) {
  // 10 users, 5 rated, 2 liked: -(0.2 ln 0.2 + 0.3 ln 0.3 + 0.5 ln 0.5). Never rated, and liked by all: nothing to
  // learn.
  const std::vector<double> entropies =
      answer_entropies(std::vector<std::uint32_t>{2, 0, 10}, std::vector<std::uint32_t>{5, 0, 10}, 10);
  EXPECT_NEAR(entropies[0], 1.0296530, 1e-6);
  EXPECT_EQ(entropies[1], 0);
  EXPECT_EQ(entropies[2], 0);
}

class OnboardingTest : public ::testing::Test {
 protected:
  explicit OnboardingTest(std::size_t items = 12)
      : items_(items),
        population_(small_population(items, 2, 2.0)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(small_catalogue(items)),
        law_(known_shares(population_.world_popularity, 2.0), {1.0, 0.5}, 9) {
    options_.slate_size = 3;
    options_.pages = 3;
    options_.clicked_items = "stay";
    options_.threads = 2;
    options_.block_users = 16;
    model_ = make_user_model(options_, {1.0, 1.0});
  }

  InformedOracleOptions oracle(std::size_t draws = 512) const {
    return {.draws = draws, .close_candidates = 64, .answers = &law_};
  }
  std::shared_ptr<const QuestionChooser> random() const { return std::make_shared<RandomQuestions>(4, catalogue_); }
  std::shared_ptr<const QuestionChooser> popular() const {
    const std::vector<std::uint32_t>& counts = population_.world_popularity;
    return std::make_shared<ScoredQuestions>(std::vector<double>(counts.begin(), counts.end()), catalogue_.ties(1));
  }
  std::shared_ptr<const QuestionChooser> gain() const {
    return std::make_shared<InformedQuestions>(newcomers_, *model_, catalogue_.ties(1), oracle());
  }
  std::shared_ptr<const OnboardedPolicy> asking(const std::string& name, std::shared_ptr<const QuestionChooser> chooser,
                                                std::shared_ptr<const Policy> inner, std::size_t questions = 3) const {
    return std::make_shared<OnboardedPolicy>(name, std::move(inner), Interview{std::move(chooser), questions, &law_});
  }
  std::shared_ptr<const Policy> informed() const {
    return std::make_shared<InformedOracle>("informed", newcomers_, *model_, catalogue_.ties(1), oracle());
  }
  std::shared_ptr<const Policy> anything() const { return std::make_shared<RandomPolicy>("random", 3, catalogue_); }

  ReplayResult run(std::span<const Contestant> contestants, std::uint64_t begin = 0, std::uint64_t end = k_users,
                   KeepLog log = KeepLog::yes) const {
    return replay({&newcomers_, &catalogue_, model_.get()}, contestants, options_, {begin, end, log, {}});
  }

  std::size_t items_;
  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  AnswerLaw law_;
  SimulationOptions options_;
  std::unique_ptr<UserModel> model_;
};

TEST_F(OnboardingTest, the_bar_gives_the_configured_share_of_likes) {
  for (const double rate : {0.1, 0.45}) {
    OnboardingOptions options;
    options.like_rate = rate;
    options.familiarity = 2;
    const AnswerLaw solved = calibrate_answers(newcomers_, catalogue_, options, 1.3, 5);
    double sum = 0, squares = 0, known = 0;
    constexpr int users = 2000;
    for (std::size_t i = 0; i < items_; ++i) known += solved.known(ItemId(static_cast<std::uint32_t>(i)));
    for (std::uint64_t u = 0; u < users; ++u) {
      const Latents latents = newcomers_.latents(newcomers_.newcomer(u));
      double liked = 0;
      for (std::size_t i = 0; i < items_; ++i) {
        liked += solved.known(ItemId(static_cast<std::uint32_t>(i))) *
                 sigmoid(1.3 * LatentsProbe::utilities(latents)[i] - solved.scale().no_click);
      }
      sum += liked / known;
      squares += liked * liked / known / known;
    }
    const double mean = sum / users, spread = std::sqrt(squares / users - mean * mean);
    EXPECT_NEAR(mean, rate, 4 * spread / std::sqrt(128.0)) << "128 newcomers solved it";
    EXPECT_GT(spread, 0);
  }
}

TEST_F(OnboardingTest, whoever_asks_hears_the_same_answer) {
  const auto a = asking("a", random(), anything(), 12), b = asking("b", popular(), anything(), 12);
  const std::vector<Contestant> contestants = {*a, *b};
  const ReplayResult result = run(contestants, 0, 20, KeepLog::trace);
  std::size_t asked = 0;
  for (std::size_t row = 0; row < result.policies[0].log.size(); ++row) {
    std::vector<Answer> one = result.policies[0].log[row].answers, other = result.policies[1].log[row].answers;
    EXPECT_EQ(one.size(), result.policies[0].log[row].session + result.policies[0].log[row].page == 0 ? items_ : 0);
    asked += one != other ? 1 : 0;  // another order
    for (std::vector<Answer>* answers : {&one, &other}) std::ranges::sort(*answers, {}, &Answer::item);
    EXPECT_EQ(one, other);
  }
  EXPECT_GT(asked, 15u);
}

TEST_F(OnboardingTest, answers_do_not_move_what_happens_on_pages) {
  const auto asked = asking("asked", popular(), anything());
  const RandomPolicy plain("random", 3, catalogue_);
  const std::vector<Contestant> contestants = {*asked, plain};
  const ReplayResult result = run(contestants);
  EXPECT_EQ(result.policies[0].digest.hex(), result.policies[1].digest.hex());
  const auto& answers = result.policies[0].answers;
  EXPECT_EQ(answers[0] + answers[1] + answers[2], 3 * k_users);
  for (const std::uint64_t count : answers) EXPECT_GT(count, 0u);
  EXPECT_EQ(result.policies[1].answers, (std::array<std::uint64_t, 3>{}));
}

TEST_F(OnboardingTest, liked_items_are_history_and_leave_like_given_ones) {
  options_.clicked_items = "leave";
  options_.given_likes = 2;
  const auto asked = asking("asked", popular(), anything(), 5);
  const std::vector<Contestant> contestants = {*asked};
  const ReplayResult result = run(contestants, 0, 40, KeepLog::trace);
  std::map<std::uint64_t, std::vector<ItemId>> liked;
  for (const PageRow& row : result.policies[0].log) {
    if (row.page == 0) {
      liked[row.user] = row.given_likes;
      std::vector<ItemId> answered;
      for (const Answer& answer : row.answers) {
        if (answer.kind == AnswerKind::like) answered.push_back(answer.item);
        const auto given = row.given_likes.begin() + 2;
        EXPECT_EQ(std::find(row.given_likes.begin(), given, answer.item), given) << "already known to be liked";
      }
      EXPECT_EQ(std::vector<ItemId>(row.given_likes.begin() + 2, row.given_likes.end()), answered);
    }
    for (const ItemId item : row.items) EXPECT_EQ(std::ranges::count(liked[row.user], item), 0);
  }
}

TEST_F(OnboardingTest, questions_end_when_items_run_out) {
  const AnswerLaw all({std::vector<double>(items_, 1.0)}, {1.0, -500.0}, 1);  // everything is known and liked
  OnboardedPolicy asked("asked", anything(), {random(), 50, &all});
  const std::vector<Contestant> contestants = {asked};
  EXPECT_EQ(run(contestants, 0, 5).policies[0].answers[0], 5 * items_);
  options_.clicked_items = "leave";  // nothing is left to show
  EXPECT_EQ(run(contestants, 0, 5).policies[0].pages, 0u);
}

TEST_F(OnboardingTest, same_bits_for_any_threads_blocks_and_splits) {
  const auto asked = asking("asked", gain(), informed());
  const std::vector<Contestant> contestants = {*asked};
  options_.threads = 1;
  const std::vector<std::byte> whole = pack(run(contestants, 10, 50));
  for (const auto& [threads, block] : {std::pair{2, 16}, {3, 7}, {1, 1}}) {
    options_.threads = threads;
    options_.block_users = block;
    EXPECT_EQ(pack(run(contestants, 10, 50)), whole);
  }
  ReplayResult two = unpack_replay_result(pack(run(contestants, 10, 31)));
  two.merge(run(contestants, 31, 50));
  EXPECT_EQ(pack(two), whole);
}

/// Mutual information of answers by integration over draws of its own, in double precision.
class Integration {
 public:
  Integration(const Newcomers& newcomers, const Newcomer& who, const AnswerLaw& law) : law_(law) {
    constexpr std::size_t draws = 20000;
    const TasteModel& taste = newcomers.taste();
    const std::vector<double> x =
        newcomers.population().observables.law.encode(newcomers.profile(who).attributes.levels);
    const KeyedRandom random(12345, Purpose::subsample);
    std::vector<double> normals(taste.latent_size()), state(taste.latent_size());
    for (std::size_t m = 0; m < draws; ++m) {
      keyed_normals(random, UserKey(m), 0, normals);
      taste.place(x, normals, state);
      utilities_.emplace_back(taste.item_count());
      taste.utilities(newcomers.group_of(newcomers.profile(who)), state, utilities_.back());
    }
    weights_.assign(draws, 1.0 / static_cast<double>(draws));
  }

  void observe(const Answer& answer) {
    double total = 0;
    for (std::size_t m = 0; m < weights_.size(); ++m) {
      const double q = law_.likes(utilities_[m][answer.item.value()]);
      if (answer.kind != AnswerKind::unknown) weights_[m] *= answer.kind == AnswerKind::like ? q : 1 - q;
      total += weights_[m];
    }
    for (double& weight : weights_) weight /= total;
  }

  double information(ItemId item) const {
    double liked = 0, within = 0;
    for (std::size_t m = 0; m < weights_.size(); ++m) {
      const double q = law_.likes(utilities_[m][item.value()]);
      liked += weights_[m] * q;
      within += weights_[m] * coin_entropy(q);
    }
    return law_.known(item) * (coin_entropy(liked) - within);
  }

 private:
  const AnswerLaw& law_;
  std::vector<std::vector<double>> utilities_;
  std::vector<double> weights_;
};

TEST_F(OnboardingTest, gain_asks_what_tells_most_after_every_answer) {
  const InformedQuestions chooser(newcomers_, *model_, catalogue_.ties(1), oracle(4096));
  std::vector<ItemId> candidates;
  for (std::uint32_t i = 0; i < items_; ++i) candidates.emplace_back(i);
  for (const std::uint64_t user : {3u, 8u}) {
    const Newcomer who = newcomers_.newcomer(user);
    const Latents latents = newcomers_.latents(who);
    Integration truth(newcomers_, who, law_);
    History history;
    PolicyRequest request;
    request.user = who.key;
    request.profile = &newcomers_.profile(who);
    request.history = &history;
    request.candidates = candidates;
    for (int question = 0; question < 4; ++question) {
      double best = 0;
      for (const ItemId item : askable(request)) best = std::max(best, truth.information(item));
      const std::optional<ItemId> chosen = chooser.next(request);
      ASSERT_TRUE(chosen.has_value());
      EXPECT_GT(truth.information(*chosen), 0.95 * best) << "user " << user << ", question " << question;
      const AnswerKind kind =
          law_.answer(who.key, *chosen, catalogue_.slot(*chosen), LatentsProbe::utilities(latents)[chosen->value()]);
      history.answers.push_back({*chosen, kind});
      truth.observe(history.answers.back());
    }
  }
}

TEST_F(OnboardingTest, answers_bring_the_informed_oracle_closer_and_informed_questions_most) {
  options_.pages = 1;
  const auto none = informed();
  const auto by_chance = asking("random", random(), informed()), by_gain = asking("gain", gain(), informed());
  const LatentOracle truth("oracle", *model_, catalogue_.ties(1));
  const std::vector<Contestant> contestants = {*none, *by_chance, *by_gain, truth};
  const ReplayResult result = run(contestants, 0, 600);
  const auto rate = [&](std::size_t p) { return result.policies[p].expected_rate(); };
  EXPECT_GT(rate(1), rate(0));
  EXPECT_GT(rate(2), rate(1));
  EXPECT_GT(rate(2), rate(0) + 0.1 * (rate(3) - rate(0)));
  EXPECT_LT(rate(2), rate(3));
}

class LargerOnboardingTest : public OnboardingTest {
 protected:
  LargerOnboardingTest() : OnboardingTest(300) {}
};

TEST_F(LargerOnboardingTest, screening_loses_little_information) {
  InformedOracleOptions few = oracle(1024), all = oracle(1024);
  few.close_candidates = 24;
  all.close_candidates = items_;
  const InformedQuestions screened(newcomers_, *model_, catalogue_.ties(1), few);
  const InformedQuestions exact(newcomers_, *model_, catalogue_.ties(1), all);
  std::vector<ItemId> candidates;
  for (std::uint32_t i = 0; i < items_; ++i) candidates.emplace_back(i);
  double kept = 0, best = 0;
  for (std::uint64_t user = 0; user < 12; ++user) {
    const Newcomer who = newcomers_.newcomer(user);
    const History history;
    PolicyRequest request;
    request.user = who.key;
    request.profile = &newcomers_.profile(who);
    request.history = &history;
    request.candidates = candidates;
    const Integration truth(newcomers_, who, law_);
    kept += truth.information(*screened.next(request));
    best += truth.information(*exact.next(request));
  }
  EXPECT_GT(kept, 0.97 * best);
}

}  // namespace
}  // namespace coldframe
