#include "framework/cli/newcomer_sections.h"

#include "framework/cli/acceptance_gate.h"

namespace coldframe {

void NewcomerSections::add_to(ConfigSchema& schema, const std::string& what) {
  schema.section("evaluation", what, evaluation);
  schema.section("distributed", "ranks, threads, deadlines", distributed, Effect::operation);
  add_expect_section(schema);
}

}  // namespace coldframe
