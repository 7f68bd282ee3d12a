# add_layer(NAME <layer> SOURCES a.cpp b.cpp [LAYERS core text] [PUBLIC fmt::fmt] [PRIVATE ICU::uc]
#           [NO_TORCH])
# The one way to add a layer: a static library coldframe_<layer> with the alias Coldframe::<layer>.
# LAYERS are the layers it builds on; NO_TORCH declares that LibTorch must not be reachable from it
# (checked in CheckLayers.cmake).
function(add_layer)
  cmake_parse_arguments(ARG "NO_TORCH" "NAME" "SOURCES;LAYERS;PUBLIC;PRIVATE" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_layer(${ARG_NAME}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  set(target coldframe_${ARG_NAME})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(Coldframe::${ARG_NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${ARG_NAME})
  # An installed layer carries flags of its own: our warnings are for our sources only.
  target_link_libraries(${target}
    PUBLIC $<BUILD_INTERFACE:coldframe_flags> $<INSTALL_INTERFACE:Coldframe::flags> ${ARG_PUBLIC}
    PRIVATE ${ARG_PRIVATE})
  foreach(layer IN LISTS ARG_LAYERS)
    target_link_libraries(${target} PUBLIC coldframe_${layer})
  endforeach()
  if(NOT ARG_NO_TORCH)
    set_property(TARGET ${target} PROPERTY JOB_POOL_COMPILE torch_pool)
    target_use_torch_pch(${target})
  endif()
  set_property(GLOBAL APPEND PROPERTY COLDFRAME_LAYERS_ADDED ${ARG_NAME})
  set_property(GLOBAL PROPERTY COLDFRAME_LAYER_DEPS_${ARG_NAME} "${ARG_LAYERS}")
  set_property(GLOBAL PROPERTY COLDFRAME_LAYER_NO_TORCH_${ARG_NAME} "${ARG_NO_TORCH}")
endfunction()

# One precompiled header, built once and reused by every target that includes LibTorch.
function(target_use_torch_pch target)
  if(NOT COLDFRAME_PCH)
    return()
  endif()
  include(Torch)
  if(NOT TARGET coldframe_torch_pch)
    # Written only when it differs: a newer file would rebuild everything after every configure.
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/torch_pch.cpp CONTENT "// builds the precompiled header\n")
    add_library(coldframe_torch_pch STATIC ${CMAKE_BINARY_DIR}/torch_pch.cpp)
    target_link_libraries(coldframe_torch_pch PUBLIC coldframe_flags Torch::cpu)
    target_precompile_headers(coldframe_torch_pch PRIVATE
      <ATen/ATen.h> <torch/csrc/autograd/custom_function.h> <torch/csrc/autograd/autograd.h>)
    set_property(TARGET coldframe_torch_pch PROPERTY JOB_POOL_COMPILE torch_pool)
  endif()
  target_precompile_headers(${target} REUSE_FROM coldframe_torch_pch)
endfunction()
