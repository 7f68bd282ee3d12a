// Must not compile: a policy that opens a user's latents. With -DCONTROL the same policy without that line must
// compile, which shows that nothing else stops it.
#include "framework/simulation/latents.h"
#include "framework/simulation/policy.h"

namespace {

class Cheat final : public coldframe::Policy {
 public:
  explicit Cheat(const coldframe::Latents& latents) : latents_(&latents) {}
  const std::string& name() const override { return name_; }
  coldframe::PolicyKind kind() const override { return coldframe::PolicyKind::deterministic; }
  void rank(std::span<const coldframe::PolicyRequest>, std::span<coldframe::Slate>) const override {
#ifdef CONTROL
    (void)latents_;
#elif defined(BRACES)
    (void)latents_->utilities({});
#elif defined(MEMBER)
    (void)latents_->utilities_;
#else
    (void)latents_->utilities(coldframe::LatentKey());
#endif
  }

 private:
  std::string name_ = "cheat";
  const coldframe::Latents* latents_;
};

}  // namespace

int main() { return sizeof(Cheat) > 0 ? 0 : 1; }
