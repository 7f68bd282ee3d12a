#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace coldframe::detail {

/// The bytes that an HDF5 file open in memory would have once closed. Throws IoError.
std::string hdf5_image(std::int64_t file, const std::filesystem::path& path);

/// Bob Jenkins' lookup3 hash (2006) over little-endian words, which HDF5 uses as the checksum of its metadata.
std::uint32_t lookup3(std::string_view bytes);

}  // namespace coldframe::detail
