# add_layer_test(NAME core_philox LAYER core SOURCES philox_test.cpp [LINK Coldframe::data]
#                [NP 1 2 3 4] [LABELS fast] [TIMEOUT 120])
# The one way to add a test. Without NP: one program with the ordinary GoogleTest main.
# With NP: the sources bring their own main that starts MPI, and one ctest entry is made per rank count.
# Labels: fast (the whole set under a minute), full, slow; plus mpi, gpu, slurm where they apply.
function(add_layer_test)
  cmake_parse_arguments(ARG "" "NAME;LAYER;TIMEOUT" "SOURCES;LINK;NP;LABELS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_layer_test(${ARG_NAME}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS fast)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(target ${ARG_NAME}_test)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE coldframe_${ARG_LAYER} ${ARG_LINK})
  set_property(TARGET ${target} PROPERTY JOB_POOL_LINK link_pool)
  get_property(no_torch GLOBAL PROPERTY COLDFRAME_LAYER_NO_TORCH_${ARG_LAYER})
  if(NOT no_torch)
    set_property(TARGET ${target} PROPERTY JOB_POOL_COMPILE torch_pool)
    target_use_torch_pch(${target})
    # Programs get -fPIE from CMake; the precompiled header was made with -fPIC and fits only code that has it too.
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  set(environment
    "COLDFRAME_SOURCE_DIR=${CMAKE_SOURCE_DIR}"
    "COLDFRAME_DEPS_DIR=${COLDFRAME_DEPS_DIR}"
    "COLDFRAME_BINARY_DIR=${CMAKE_BINARY_DIR}")
  if(NOT ARG_NP)
    target_link_libraries(${target} PRIVATE GTest::gtest GTest::gmock GTest::gtest_main)
    add_test(NAME ${ARG_NAME} COMMAND ${target})
    set_tests_properties(${ARG_NAME} PROPERTIES
      LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${environment}")
    return()
  endif()
  target_link_libraries(${target} PRIVATE GTest::gtest GTest::gmock)
  foreach(ranks IN LISTS ARG_NP)
    add_test(NAME ${ARG_NAME}_np${ranks}
             COMMAND mpirun -n ${ranks} $<TARGET_FILE:${target}>)
    set_tests_properties(${ARG_NAME}_np${ranks} PROPERTIES
      LABELS "${ARG_LABELS};mpi" TIMEOUT ${ARG_TIMEOUT} PROCESSORS 2
      ENVIRONMENT "${environment};${COLDFRAME_MPI_ENVIRONMENT}")
  endforeach()
endfunction()

# What Open MPI 4.1 needs on a laptop or in a container: root allowed, more ranks than cores, no binding to one core.
set(COLDFRAME_MPI_ENVIRONMENT
  "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_rmaps_base_oversubscribe=1;OMPI_MCA_mpi_yield_when_idle=1;OMPI_MCA_hwloc_base_binding_policy=none")
