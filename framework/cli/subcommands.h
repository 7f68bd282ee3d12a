#pragma once

#include <memory>
#include <vector>

#include "framework/cli/subcommand.h"

namespace coldframe {

/// Every subcommand, in the order of a day's work. Adding one: a file, a line below and a line in the table.
std::vector<SubcommandEntry> subcommands();

/// The part of the table that needs an encoder (learning_commands.cpp; empty in a build of the torch-free layers
/// alone).
void append_learning_commands(std::vector<SubcommandEntry>& table);
/// What has to be done before the first of them (beside it; nothing in a build without them).
void prepare_learning();
/// The part that needs the reporting layer (compare_command.cpp, plan_command.cpp; empty without it).
void append_report_commands(std::vector<SubcommandEntry>& table);

std::unique_ptr<Subcommand> make_import_command();
std::unique_ptr<Subcommand> make_train_command();
std::unique_ptr<Subcommand> make_evaluate_command();
std::unique_ptr<Subcommand> make_robustness_command();
std::unique_ptr<Subcommand> make_poisoning_command();
std::unique_ptr<Subcommand> make_fairness_command();
std::unique_ptr<Subcommand> make_classify_command();
std::unique_ptr<Subcommand> make_encode_command();
std::unique_ptr<Subcommand> make_recommend_command();
std::unique_ptr<Subcommand> make_merge_command();
std::unique_ptr<Subcommand> make_strategies_command();
std::unique_ptr<Subcommand> make_population_command();
std::unique_ptr<Subcommand> make_realism_command();
std::unique_ptr<Subcommand> make_simulate_command();
std::unique_ptr<Subcommand> make_stream_command();
std::unique_ptr<Subcommand> make_offpolicy_command();
std::unique_ptr<Subcommand> make_check_command();
std::unique_ptr<Subcommand> make_plan_command();

}  // namespace coldframe
