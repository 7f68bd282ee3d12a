#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "framework/evaluation/task_cohorts.h"

namespace coldframe {

/// Numbers of a stream that are means over tasks of means over the people of a task, so that every person has a share:
///   next                   everybody of a task before it was trained on, tasks 2 .. T (later with a delay)
///   next_minus_popularity  the same, minus what the items liked in the tasks before would have got
///   average                R[T,j], j = 1 .. T
///   backward_transfer      R[T,j] - R[j,j], j < T
///   forward_transfer       R[j-1,j] - R[0,j], j > 1
enum class StreamNumber { next, next_minus_popularity, average, backward_transfer, forward_transfer };
inline constexpr std::array k_stream_numbers{StreamNumber::next, StreamNumber::next_minus_popularity,
                                             StreamNumber::average, StreamNumber::backward_transfer,
                                             StreamNumber::forward_transfer};
std::string_view to_string(StreamNumber number);

/// The first task (from 0) whose people were tested by a model that had learned something: the second, or later where
/// feedback comes with a delay, so that there is no popularity to set beside it either.
std::size_t first_informed_task(std::span<const TaskPeople> tasks);

/// The values of a number's people, task by task: the number is the mean over tasks of the means. Empty when the number
/// does not exist: one task, no next cohorts, a row that was not measured or a task without people.
using PeopleByTask = std::vector<std::vector<double>>;
std::optional<PeopleByTask> people_values(std::span<const TaskPeople> tasks, StreamNumber number);

/// first - second, person by person. Both of the same people.
PeopleByTask minus(const PeopleByTask& first, const PeopleByTask& second);

/// [seeds, people] for crossed_estimate(), from one PeopleByTask per training seed, all of the same people. Person u of
/// task j stands with m + (U / (T n_j)) (x - m_j): U people, T tasks, n_j people of task j, m_j their mean over seeds,
/// m the mean of all m_j. So the mean of a row is that seed's number, and the variance of the mean over columns is that
/// of a stratified sample (Cochran, "Sampling techniques", 1977, section 5.4): tasks are given, people within them
/// drawn.
std::vector<double> stratified_table(std::span<const PeopleByTask> seeds);

}  // namespace coldframe
