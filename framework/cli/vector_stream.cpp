#include "framework/cli/vector_stream.h"

#include <algorithm>
#include <cstring>

namespace coldframe {
namespace {

constexpr std::size_t k_window_bytes = std::size_t{8} << 20;

std::string packed(const std::vector<NamedText>& window) {
  std::string bytes;
  for (const NamedText& named : window) {
    const auto size = static_cast<std::uint64_t>(named.text.size());
    bytes.append(reinterpret_cast<const char*>(&size), sizeof(size));
    bytes += named.text;
  }
  return bytes;
}

/// Texts without their ids, which only the root needs.
std::vector<NamedText> unpacked(const std::string& bytes) {
  std::vector<NamedText> window;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof(size));
    window.push_back({{}, bytes.substr(at + sizeof(size), size)});
    at += sizeof(size) + size;
  }
  return window;
}

}  // namespace

VectorStream::VectorStream(const Setting& setting)
    : setting_(setting),
      encoder_(setting.group, setting.pool, *setting.learner.encoder, setting.learner.parameters,
               setting.chunk_tokens) {}

std::vector<NamedText> VectorStream::read_window(TextInput* input) const {
  const Group& group = setting_.group;
  std::vector<NamedText> window;
  agree_on_errors(group, "read texts", [&] {
    if (!group.is_root()) return;
    std::size_t bytes = 0;
    NamedText text;
    while (window.size() < setting_.window_texts && bytes < k_window_bytes && input->next(text)) {
      bytes += text.text.size();
      window.push_back(std::move(text));
    }
  });
  if (group.size() == 1) return window;
  const std::string texts = broadcast_text(group, 0, group.is_root() ? packed(window) : std::string());
  return group.is_root() ? window : unpacked(texts);
}

std::vector<Tokens> VectorStream::tokenise(const std::vector<NamedText>& window) const {
  constexpr std::size_t piece = 256;
  std::vector<Tokens> tokens(window.size());
  setting_.pool.run((window.size() + piece - 1) / piece, [&](std::size_t p) {
    for (std::size_t i = p * piece; i < std::min(window.size(), (p + 1) * piece); ++i) {
      const std::vector<TokenId> ids = setting_.learner.tokenizer->encode(window[i].text, setting_.max_tokens);
      tokens[i] = std::make_shared<const std::vector<std::int64_t>>(ids.begin(), ids.end());
    }
  });
  return tokens;
}

StreamSummary VectorStream::run(TextInput* input, VectorWriter* writer,
                                const std::function<void(std::size_t done)>& progress) {
  const Group& group = setting_.group;
  const double started = setting_.clock.seconds();
  StreamSummary summary;
  std::size_t in_window = 0;
  encoder_.watch([&](std::size_t done, std::size_t distinct) {
    if (group.is_root()) progress(summary.texts + in_window * done / std::max<std::size_t>(1, distinct));
  });
  for (std::int64_t number = 0;; ++number) {
    const std::vector<NamedText> window = read_window(input);
    if (window.empty()) break;
    in_window = window.size();
    const std::vector<Tokens> tokens = tokenise(window);
    const EncodedTexts encoded = encoder_.encode(tokens, "encode", number);
    agree_on_errors(group, "write vectors", [&] {
      if (!group.is_root()) return;
      std::vector<std::string> ids;
      for (const NamedText& named : window) ids.push_back(named.id);
      writer->append(ids, encoded.vectors.span());
    });
    summary.texts += window.size();
    for (const Tokens& text : tokens) summary.tokens += text->size();
  }
  summary.seconds = setting_.clock.seconds() - started;
  return summary;
}

}  // namespace coldframe
