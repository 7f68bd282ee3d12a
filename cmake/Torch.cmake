# Imported target Torch::cpu from an unpacked LibTorch (or PyTorch) folder that holds lib/ and include/.
if(TARGET Torch::cpu)
  return()
endif()

set(torch_root_default "${COLDFRAME_DEPS_DIR}/libtorch")
if(NOT "$ENV{COLDFRAME_TORCH_ROOT}" STREQUAL "")
  set(torch_root_default "$ENV{COLDFRAME_TORCH_ROOT}")
endif()
set(COLDFRAME_TORCH_ROOT "${torch_root_default}" CACHE PATH
    "LibTorch folder with lib/ and include/ (2.11)")
if(NOT EXISTS "${COLDFRAME_TORCH_ROOT}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "no LibTorch in ${COLDFRAME_TORCH_ROOT} (lib/libtorch_cpu.so is missing) "
    "run cluster/setup.sh, or point -DCOLDFRAME_TORCH_ROOT at an existing one")
endif()
set(COLDFRAME_CUDA_LIBRARIES "${COLDFRAME_DEPS_DIR}/nvidia/cu13/lib" CACHE PATH
    "folder with libcudart.so.13 and libcupti.so.13, which libtorch_cpu.so needs even without a GPU")

add_library(c10 SHARED IMPORTED GLOBAL)
set_target_properties(c10 PROPERTIES IMPORTED_LOCATION "${COLDFRAME_TORCH_ROOT}/lib/libc10.so")
add_library(torch_cpu SHARED IMPORTED GLOBAL)
set_target_properties(torch_cpu PROPERTIES
  IMPORTED_LOCATION "${COLDFRAME_TORCH_ROOT}/lib/libtorch_cpu.so"
  INTERFACE_LINK_LIBRARIES c10)

# LibTorch brings an fmt of its own, in front of the system's and not the one we link (undefined fmt::v12 symbols).
# A folder that holds nothing but the system's fmt goes before it.
find_package(fmt REQUIRED)
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
set(fmt_first "${CMAKE_BINARY_DIR}/fmt_first")
file(MAKE_DIRECTORY "${fmt_first}")
file(CREATE_LINK "${fmt_include}/fmt" "${fmt_first}/fmt" SYMBOLIC)

# Imported, so that an exported layer refers to it by name and an installed copy of this file brings it back.
add_library(Torch::cpu INTERFACE IMPORTED GLOBAL)
target_link_libraries(Torch::cpu INTERFACE torch_cpu c10)
target_include_directories(Torch::cpu SYSTEM INTERFACE "${fmt_first}"
  "${COLDFRAME_TORCH_ROOT}/include" "${COLDFRAME_TORCH_ROOT}/include/torch/csrc/api/include")
target_compile_definitions(Torch::cpu INTERFACE USE_DISTRIBUTED)
target_link_options(Torch::cpu INTERFACE
  "-Wl,-rpath-link,${COLDFRAME_CUDA_LIBRARIES}"
  "-Wl,-rpath,${COLDFRAME_TORCH_ROOT}/lib" "-Wl,-rpath,${COLDFRAME_CUDA_LIBRARIES}"
  "-Wl,--disable-new-dtags")
