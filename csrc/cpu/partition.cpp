#include "partition.hpp"

namespace collapse_stats::cpu {

Partitioner::Partitioner(const RecordFormat& format, unsigned first_key_range,
                         unsigned last_key_range)
    : format_(format),
      first_key_range_(first_key_range),
      wanted_(last_key_range - first_key_range) {
  const Layout& layout = format.layout;
  for (unsigned left = 1; left < layout.max_order; ++left) {
    const unsigned lost = std::min((layout.max_order - left) * layout.code_bits, layout.rest_bits);
    const Key kept = (low_mask(layout.rest_bits) & ~low_mask(lost)) << layout.label_bits;
    kept_[left] = {static_cast<std::uint64_t>(kept >> 64), static_cast<std::uint64_t>(kept)};
  }
}

bool Partitioner::next_block(const Chunk& chunk, Place& place) {
  const std::size_t first = cover(chunk, place);
  if (block_.size == 0) return false;
  if (!load_codes(chunk, first, format_.layout, block_)) check_codes();
  pack_codes(format_.layout, block_);
  for (std::size_t i = 0; i < stretch_count_; ++i) {
    cut_at_document_end(stretches_[i]);
    if (stretches_[i].label != 0) add_label(stretches_[i]);
  }
  make_records(format_, block_);
  return true;
}

/// Add spans to the block until it is full or the next span begins elsewhere. Returns the first
/// token.
std::size_t Partitioner::cover(const Chunk& chunk, Place& next) {
  Place place = next;  // a copy can stay in registers
  std::size_t first = place.token;
  std::size_t size = 0;
  std::size_t stretches = 0;
  while (place.windows > 0 && size < Block::capacity) {
    const auto [stop, limit, label] =
        span_at(chunk, place.span, place.token, format_.layout.labels);
    const std::size_t taken = std::min({stop - place.token, Block::capacity - size, place.windows});
    if (taken > 0) stretches_[stretches++] = {size, taken, limit - place.token, label};
    size += taken;
    place.windows -= taken;
    place.token += taken;
    if (place.token < stop || place.windows == 0) continue;
    const std::size_t end = place.token;
    place.token = start_of(chunk, ++place.span);
    if (size == 0) first = place.token;
    if (place.token != end && size > 0) break;
  }
  next = place;
  stretch_count_ = stretches;
  block_.size = size;
  return first;
}

/// Throw if a window begins with or reaches an id outside the vocabulary; bring the other codes into
/// the range of codes.
void Partitioner::check_codes() {
  const Layout& layout = format_.layout;
  for (std::size_t i = 0; i < stretch_count_; ++i) {
    const Stretch& stretch = stretches_[i];
    const std::size_t reached = std::min(stretch.size + layout.max_order - 1, stretch.left);
    if (!all_valid(block_.codes.data() + stretch.offset, reached, layout.vocab_size))
      refuse_changed();
  }
  for (std::uint64_t& code : block_.codes) code &= low_bits(layout.code_bits);
}

void Partitioner::cut_at_document_end(const Stretch& stretch) {
  const std::size_t whole = format_.layout.max_order - 1;  // windows with more left are not cut
  const std::size_t begin = stretch.left > whole ? stretch.left - whole : 0;
  if (begin >= stretch.size) return;
  std::uint64_t* const low = block_.rest_low.data() + stretch.offset;
  for (std::size_t i = begin; i < stretch.size; ++i) low[i] &= kept_[stretch.left - i].low;
  if (format_.rest_bits > 64) {
    std::uint64_t* const high = block_.rest_high.data() + stretch.offset;
    for (std::size_t i = begin; i < stretch.size; ++i) high[i] &= kept_[stretch.left - i].high;
  }
  const bool ends = stretch.left == stretch.size;  // nothing follows the last token
  if (ends) block_.second[stretch.offset + stretch.size - 1] = 0;
}

void Partitioner::add_label(const Stretch& stretch) {
  std::uint64_t* const rest = block_.rest_low.data() + stretch.offset;
  for (std::size_t i = 0; i < stretch.size; ++i) rest[i] |= stretch.label;
}

/// The records of the block whose key range is wanted.
std::span<const std::uint32_t> Partitioner::select() {
  std::size_t size = 0;
  for (std::size_t i = 0; i < block_.size; ++i) {
    selected_[size] = static_cast<std::uint32_t>(i);
    size += block_.key_range[i] - first_key_range_ < wanted_
                ? 1
                : 0;  // no branch: it would be mispredicted
  }
  return {selected_.data(), size};
}

}  // namespace collapse_stats::cpu
