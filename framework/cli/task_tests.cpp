#include "framework/cli/task_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/baselines/unpersonalised.h"
#include "framework/evaluation/user_sum.h"

namespace coldframe {
namespace {

constexpr float k_missing = std::numeric_limits<float>::quiet_NaN();

double mean_of(std::span<const float> values) {
  UserSum sum;
  for (const float value : values) sum.add(static_cast<double>(value));
  return sum.value() / static_cast<double>(values.size());
}

/// Everybody of a task who may be looked at: H stays unseen while settings are chosen on V.
std::vector<UserId> whole_cohort(const TaskStream& stream, std::size_t task, const Roles& roles, Role tested) {
  std::vector<UserId> users;
  for (const UserId user : stream.task(task).users) {
    const Role role = roles.of(user);
    if (role != Role::world && (role != Role::held_out || tested == Role::held_out)) users.push_back(user);
  }
  return users;
}

std::vector<float> log_prior(std::span<const float> popularity) {
  return item_log_prior(std::vector<std::uint64_t>(popularity.begin(), popularity.end()));
}

std::vector<double> doubles(std::span<const float> values) {
  if (values.empty() || std::isnan(values.front())) return {};
  return {values.begin(), values.end()};
}

}  // namespace

TaskTests::TaskTests(const Experiment& experiment, const ExperimentData& data, const TaskStream& stream,
                     const TokenizedTexts& texts)
    : experiment_(experiment),
      data_(data),
      stream_(stream),
      texts_(texts),
      metric_(parse_metric(experiment.continual.metric)),
      popularity_(1, std::vector<float>(data.dataset.items.size(), 0.0f)) {
  const Role tested = experiment.continual.tested_role();
  const auto masked = static_cast<std::size_t>(experiment.evaluation.masked);
  const bool own_people = experiment.continual.stream.stream_kind() != StreamKind::items;
  for (std::size_t task = 0; task < stream.size(); ++task) {
    const Likes& likes = stream.likes(task);
    tested_.push_back({NewcomerSet(data, likes, stream.users(task, data.roles, tested), masked), {}, {}});
    Cohort& cohort = tested_.back();
    cohort.values.assign((stream.size() + 1) * cohort.people.users().size(), k_missing);
    if (with_prior()) cohort.served = cohort.values;
    if (own_people) {
      next_.push_back({NewcomerSet(data, likes, whole_cohort(stream, task, data.roles, tested), masked), {}, {}});
      Cohort& next = next_.back();
      next.values.assign(2 * next.people.users().size(), k_missing);
      if (with_prior()) next.served.assign(next.people.users().size(), k_missing);
    }
    const std::vector<std::uint32_t> counts = likes.count_by_item(stream.users(task, data.roles, Role::train));
    popularity_.push_back(popularity_.back());
    std::ranges::transform(counts, popularity_.back(), popularity_.back().begin(),
                           [](std::uint32_t more, float so_far) { return static_cast<float>(more) + so_far; });
  }
}

void TaskTests::test(const NewcomerSet& people, const Scores& score, std::span<float> values) const {
  const std::size_t items = data_.dataset.items.size();
  RankingEvaluator evaluator(items, {metric_}, tie_break(experiment_, data_));
  std::vector<float> scores(items);
  for (std::size_t user = 0; user < people.users().size(); ++user) {
    const HeldOutUser& newcomer = people.users()[user];
    score(user, scores);
    double value = 0;
    evaluator.evaluate(newcomer.key, scores, newcomer.masked, newcomer.targets, {&value, 1});
    values[user] = static_cast<float>(value);
  }
}

EncodedTexts TaskTests::encode(const NewcomerSet& people, const BulkEncoder& encoder, const ItemScores& items) const {
  const auto shots = static_cast<std::size_t>(experiment_.continual.shots);
  return encode_newcomers(encoder, texts_, people, {&shots, 1}, experiment_.evaluation.user_vector_rule(),
                          items.items());
}

std::size_t TaskTests::known_before(std::size_t task) const {
  const auto delay = static_cast<std::size_t>(experiment_.continual.delay);
  return task > delay ? task - delay : 0;
}

void TaskTests::test_task(std::size_t task, std::size_t tasks_done, const EncodedTexts& people, ItemScores& items,
                          double scale, MetricsRecord& record) {
  Cohort& cohort = tested_[task];
  const std::size_t count = cohort.people.users().size();
  const Scores scores = [&](std::size_t user, std::span<float> of) { items.score(people.row(user), of); };
  const auto row = std::span(cohort.values).subspan(tasks_done * count, count);
  test(cohort.people, scores, row);
  record.values.emplace_back(fmt::format("R.{}", task + 1), mean_of(row));
  if (!with_prior()) return;
  // An encoder that is never trained is measured once, while popularity goes on.
  const std::size_t last = experiment_.continual.trains() ? tasks_done : tested_.size();
  for (std::size_t known = tasks_done; known <= last; ++known) {
    items.set_prior(scale, experiment_.continual.prior_weight, log_prior(popularity_[known]));
    test(cohort.people, scores, std::span(cohort.served).subspan(known * count, count));
  }
  items.set_prior(1.0, 0.0, {});
  record.values.emplace_back(fmt::format("R.{}.with_prior", task + 1),
                             mean_of(std::span(cohort.served).subspan(tasks_done * count, count)));
}

void TaskTests::test_next(std::size_t task, const EncodedTexts& people, ItemScores& items, double scale,
                          MetricsRecord& record) {
  Cohort& next = next_[task];
  const std::size_t everybody = next.people.users().size(), known = known_before(task);
  const Scores scores = [&](std::size_t user, std::span<float> of) { items.score(people.row(user), of); };
  const auto values = std::span(next.values);
  test(next.people, scores, values.first(everybody));
  record.values.emplace_back(fmt::format("next.{}", task + 1), mean_of(values.first(everybody)));
  if (with_prior()) {
    items.set_prior(scale, experiment_.continual.prior_weight, log_prior(popularity_[known]));
    test(next.people, scores, next.served);
    items.set_prior(1.0, 0.0, {});
    record.values.emplace_back(fmt::format("next.{}.with_prior", task + 1), mean_of(next.served));
  }
  if (known == 0) return;  // nothing is popular yet
  const Scores popular = [&](std::size_t, std::span<float> of) { std::ranges::copy(popularity_[known], of.begin()); };
  test(next.people, popular, values.last(everybody));
  record.values.emplace_back(fmt::format("popularity.{}", task + 1), mean_of(values.last(everybody)));
}

MetricsRecord TaskTests::measure(std::size_t tasks_done, std::int64_t step, const BulkEncoder& encoder,
                                 ContinualMethod* method, double scale) {
  MetricsRecord record{step, "task", {{"row", static_cast<double>(tasks_done)}}};
  std::unique_ptr<ItemScores> items;
  for (std::size_t task = 0; task < tested_.size(); ++task) {
    const bool own_weights = method != nullptr && method->serve(task);
    if (own_weights || !items) items = std::make_unique<ItemScores>(encode_items(encoder, texts_, data_));
    test_task(task, tasks_done, encode(tested_[task].people, encoder, *items), *items, scale, record);
    const bool due = known_before(task) == tasks_done || !experiment_.continual.trains();
    if (due && !next_.empty()) test_next(task, encode(next_[task].people, encoder, *items), *items, scale, record);
  }
  return record;
}

std::vector<StateTensor> TaskTests::state() {
  std::vector<StateTensor> tensors;
  const auto add = [&](const char* name, std::size_t task, std::vector<float>& values) {
    tensors.push_back(
        {fmt::format("continual.{}.{}", name, task + 1), {static_cast<std::int64_t>(values.size())}, values});
  };
  for (std::size_t task = 0; task < tested_.size(); ++task) add("tested", task, tested_[task].values);
  for (std::size_t task = 0; task < next_.size(); ++task) add("next", task, next_[task].values);
  if (!with_prior()) return tensors;
  for (std::size_t task = 0; task < tested_.size(); ++task) add("tested_with_prior", task, tested_[task].served);
  for (std::size_t task = 0; task < next_.size(); ++task) add("next_with_prior", task, next_[task].served);
  return tensors;
}

ContinualRecord TaskTests::record() const {
  const ContinualOptions& options = experiment_.continual;
  ContinualRecord record{.method = options.method,
                         .stream = options.stream.kind,
                         .metric = options.metric,
                         .tested = std::string(role_letter(options.tested_role())),
                         .shots = static_cast<std::size_t>(options.shots),
                         .fading = options.fading,
                         .tasks = {},
                         .cohorts = {},
                         .next = {},
                         .delay = static_cast<std::size_t>(options.delay),
                         .prior_weight = options.prior_weight};
  for (std::size_t task = 0; task < tested_.size(); ++task) {
    const Cohort& cohort = tested_[task];
    const std::size_t people = cohort.people.users().size();
    record.tasks.push_back({stream_.task(task).name, stream_.users(task, data_.roles, Role::train).size()});
    TaskCohort& of_task = record.cohorts.emplace_back();
    for (const HeldOutUser& user : cohort.people.users()) of_task.users.push_back(user.key);
    for (std::size_t row = 0; row <= tested_.size(); ++row) {
      const std::size_t measured = options.trains() ? row : 0;
      of_task.rows.push_back(doubles(std::span(cohort.values).subspan(measured * people, people)));
    }
    if (with_prior()) {
      TaskCohort& served = record.with_prior.emplace_back(TaskCohort{of_task.users, {}});
      for (std::size_t row = 0; row <= tested_.size(); ++row) {
        served.rows.push_back(doubles(std::span(cohort.served).subspan(row * people, people)));
      }
    }
    if (next_.empty()) continue;
    NextCohort& next = record.next.emplace_back();
    const auto values = std::span(next_[task].values);
    const std::size_t everybody = next_[task].people.users().size();
    for (const HeldOutUser& user : next_[task].people.users()) next.users.push_back(user.key);
    next.model = doubles(values.first(everybody));
    next.popularity = doubles(values.last(everybody));
    if (with_prior()) record.next_with_prior.push_back({next.users, doubles(next_[task].served), next.popularity});
  }
  return record;
}

}  // namespace coldframe
