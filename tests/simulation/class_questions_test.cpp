#include "framework/simulation/class_questions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr AnswerKind k_kinds[] = {AnswerKind::like, AnswerKind::dislike, AnswerKind::unknown};

/// Three classes, four items; item 3 is answered alike by all.
AnswerClasses known_classes() {
  return {4,
          {0.5, 0.3, 0.2},
          {.7, .2, .1, .3, .3, .4, .1, .1, .8, .3, .3, .4,  //
           .1, .8, .1, .4, .3, .3, .2, .1, .7, .3, .3, .4,  //
           .1, .6, .3, .1, .1, .8, .6, .2, .2, .3, .3, .4},
          {}};
}

double entropy(const std::vector<double>& p) {
  double sum = 0;
  for (const double share : p) sum -= share > 0 ? share * std::log(share) : 0;
  return sum;
}

/// What is known of the class once an answer is heard, by enumeration of all classes and answers.
double information_by_hand(const AnswerClasses& classes, ItemId item, const std::vector<double>& before) {
  double after = 0;
  for (const AnswerKind kind : k_kinds) {
    std::vector<double> joint;
    for (std::size_t c = 0; c < classes.size(); ++c) joint.push_back(before[c] * classes.probability(c, item, kind));
    const double evidence = std::accumulate(joint.begin(), joint.end(), 0.0);
    for (double& p : joint) p /= evidence;
    after += evidence * entropy(joint);
  }
  return entropy(before) - after;
}

PolicyRequest request(const History& history, std::span<const ItemId> candidates) {
  PolicyRequest r;
  r.user = UserKey(5);
  r.history = &history;
  r.candidates = candidates;
  return r;
}

TEST(ClassQuestions, ask_what_tells_most_by_enumeration_of_classes_and_answers) {
  const AnswerClasses classes = known_classes();
  const ClassQuestions chooser(classes, TieBreak(1));
  const std::vector<ItemId> all{ItemId(0), ItemId(1), ItemId(2), ItemId(3)};
  std::size_t conversations = 0;
  // Every conversation of up to two answers, and every given like before it.
  for (std::uint32_t given = 0; given < 5; ++given) {
    for (std::size_t path = 0; path < 12 * 12; ++path) {
      History history;
      if (given < 4) {
        history.likes = {ItemId(given)};
        history.given_likes = 1;
      }
      const Answer first{ItemId(static_cast<std::uint32_t>(path % 4)), k_kinds[path / 4 % 3]};
      const Answer second{ItemId(static_cast<std::uint32_t>(path / 12 % 4)), k_kinds[path / 48]};
      history.answers = {first, second};
      if (first.item == second.item || first.item.value() == given || second.item.value() == given) continue;
      std::vector<double> before;
      for (std::size_t c = 0; c < 3; ++c) {
        double p = classes.weights[c] * classes.probability(c, first.item, first.kind) *
                   classes.probability(c, second.item, second.kind);
        if (given < 4) p *= classes.probability(c, ItemId(given), AnswerKind::like);
        before.push_back(p);
      }
      const double total = std::accumulate(before.begin(), before.end(), 0.0);
      for (double& p : before) p /= total;
      const std::vector<double> posterior = chooser.posterior(history);
      for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(posterior[c], before[c], 1e-12);
      double most = -1;
      ItemId best;
      for (const ItemId item : all) {
        const double information = information_by_hand(classes, item, before);
        EXPECT_NEAR(chooser.information(item, posterior), information, 1e-12);
        const bool asked = item == first.item || item == second.item || item.value() == given;
        if (!asked && information > most) {
          most = information;
          best = item;
        }
      }
      if (given < 4) {
        EXPECT_EQ(chooser.next(request(history, all)), best);
      }
      ++conversations;
    }
  }
  EXPECT_EQ(conversations, 324u);  // 4 * 3 * 9 without a given like, and 4 * (3 * 2 * 9) with one
  History done;
  for (const ItemId item : all) done.answers.push_back({item, AnswerKind::unknown});
  EXPECT_FALSE(chooser.next(request(done, all)).has_value());
}

TEST(ClassQuestions, of_one_class_hear_nothing_new_and_ask_in_an_order_of_each_user) {
  AnswerClasses one = known_classes();
  one.weights = {1.0};
  one.probabilities.assign(12, 1.0 / 3.0);
  const ClassQuestions chooser(one, TieBreak(1));
  const std::vector<ItemId> all{ItemId(0), ItemId(1), ItemId(2), ItemId(3)};
  const std::vector<double> sure = {1.0};
  EXPECT_NEAR(chooser.information(ItemId(2), sure), 0.0, 1e-15);
  std::vector<int> counts(4, 0);
  const History nothing;
  for (std::uint64_t user = 0; user < 100; ++user) {
    PolicyRequest asked = request(nothing, all);
    asked.user = UserKey(user);
    ++counts[chooser.next(asked)->value()];
  }
  EXPECT_GT(*std::ranges::min_element(counts), 5) << "ties always fall the same way";
}

std::vector<AnswerSheet> people_of(const AnswerClasses& classes, std::size_t count) {
  const KeyedRandom random(3, Purpose::population);
  std::vector<AnswerSheet> people;
  for (std::size_t u = 0; u < count; ++u) {
    AnswerSheet sheet{UserKey(u), {}};
    double x = random.uniform(UserKey(u));
    std::size_t c = 0;
    while (c + 1 < classes.size() && x >= classes.weights[c]) x -= classes.weights[c++];
    for (std::uint32_t i = 0; i < classes.items; ++i) {
      const double y = random.uniform(UserKey(u), 1, 0, i);
      const double like = classes.probability(c, ItemId(i), AnswerKind::like);
      const double dislike = classes.probability(c, ItemId(i), AnswerKind::dislike);
      if (y < like + dislike) sheet.rated.push_back({ItemId(i), y < like ? AnswerKind::like : AnswerKind::dislike});
    }
    people.push_back(std::move(sheet));
  }
  return people;
}

/// Two classes that differ about each of 30 items.
AnswerClasses two_crowds() {
  AnswerClasses classes{30, {0.35, 0.65}, {}, {}};
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t i = 0; i < 30; ++i) {
      const double like = (i + c) % 2 == 0 ? 0.5 : 0.15, dislike = i % 3 == 0 ? 0.3 : 0.1;
      classes.probabilities.insert(classes.probabilities.end(), {like, dislike, 1 - like - dislike});
    }
  }
  return classes;
}

TEST(AnswerClasses, recover_the_classes_that_people_were_drawn_from) {
  const AnswerClasses truth = two_crowds();
  constexpr std::size_t k_people = 3000;
  const std::vector<AnswerSheet> people = people_of(truth, k_people);
  const AnswerClasses fit = fit_answer_classes(people, truth.items, {.classes = 2, .seed = 4});
  const std::size_t first = fit.weights[0] < fit.weights[1] ? 0 : 1;  // of the smaller class
  EXPECT_NEAR(fit.weights[first], 0.35, 5 * std::sqrt(0.35 * 0.65 / k_people));
  for (std::size_t c = 0; c < 2; ++c) {
    const double size = truth.weights[c] * k_people;
    for (std::uint32_t i = 0; i < truth.items; ++i) {
      for (const AnswerKind kind : k_kinds) {
        const double p = truth.probability(c, ItemId(i), kind);
        // 180 comparisons at five standard errors of a known class; the classes are told apart almost surely.
        EXPECT_NEAR(fit.probability(c == 0 ? first : 1 - first, ItemId(i), kind), p, 5 * std::sqrt(p * (1 - p) / size));
      }
    }
  }
  EXPECT_GT(fit.objective.size(), 2u);
  for (std::size_t t = 1; t < fit.objective.size(); ++t) {
    EXPECT_GE(fit.objective[t], fit.objective[t - 1] - 1e-9 * std::abs(fit.objective[t]));
  }
}

TEST(AnswerClasses, of_one_class_are_shares_by_hand) {
  // Four people, two items: item 0 liked by 2, disliked by 1; item 1 liked by 1. Half a person more per answer makes
  // shares 2.5, 1.5, 1.5 and 1.5, .5, 3.5 of 5.5; the class of four people and two more of those shares keeps them
  // between counts and shares.
  const std::vector<AnswerSheet> people = {{UserKey(0), {{ItemId(0), AnswerKind::like}}},
                                           {UserKey(1), {{ItemId(0), AnswerKind::like}, {ItemId(1), AnswerKind::like}}},
                                           {UserKey(2), {{ItemId(0), AnswerKind::dislike}}},
                                           {UserKey(3), {}}};
  const AnswerClasses fit = fit_answer_classes(people, 2, {.classes = 1, .pseudo_people = 2.0});
  EXPECT_NEAR(fit.weights[0], 1.0, 1e-15);
  const double expected[2][3] = {{(2 + 2 * 2.5 / 5.5) / 6, (1 + 2 * 1.5 / 5.5) / 6, (1 + 2 * 1.5 / 5.5) / 6},
                                 {(1 + 2 * 1.5 / 5.5) / 6, (0 + 2 * 0.5 / 5.5) / 6, (3 + 2 * 3.5 / 5.5) / 6}};
  for (std::uint32_t i = 0; i < 2; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(fit.probability(0, ItemId(i), k_kinds[k]), expected[i][k], 1e-12) << i << " " << k;
    }
  }
}

TEST(AnswerClasses, refuse_what_is_no_answer) {
  const std::vector<AnswerSheet> outside = {{UserKey(0), {{ItemId(2), AnswerKind::like}}}};
  const std::vector<AnswerSheet> unknown = {{UserKey(0), {{ItemId(1), AnswerKind::unknown}}}};
  EXPECT_THROW(fit_answer_classes({}, 2, {}), DataError);
  EXPECT_THROW(fit_answer_classes(outside, 2, {}), DataError);
  EXPECT_THROW(fit_answer_classes(unknown, 2, {}), DataError);
  EXPECT_THROW(fit_answer_classes(unknown, 2, {.classes = 0}), ConfigError);
}

}  // namespace
}  // namespace coldframe
