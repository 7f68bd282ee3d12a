#include "framework/cli/encoding_progress.h"

#include <memory>

#include "framework/core/progress.h"

namespace coldframe {

void show_progress(BulkEncoder& encoder, const Group& group, const Clock& clock, std::string label) {
  if (!group.is_root()) return;
  auto progress = std::make_shared<std::unique_ptr<Progress>>();  // a line for every call of encode()
  encoder.watch([progress, &clock, label = std::move(label)](std::size_t done, std::size_t total) {
    if (!*progress) *progress = std::make_unique<Progress>(label, "texts", static_cast<std::int64_t>(total), clock);
    (*progress)->set(static_cast<std::int64_t>(done));
    if (done == total) progress->reset();
  });
}

}  // namespace coldframe
