#pragma once

#include <string_view>

namespace coldframe {

/// report_template.html, embedded at build time.
extern const std::string_view k_report_template;

}  // namespace coldframe
