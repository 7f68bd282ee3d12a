# Programs that measure, in <build>/benchmarks; the target `benchmarks` makes them all. Whole jobs are part of the ordinary
# build, so that a change cannot break them unseen; kernels need Google Benchmark and COLDFRAME_BENCHMARKS=ON.
#
# add_benchmark(NAME philox LAYER core SOURCES philox_benchmark.cpp [LINK Coldframe::data])
#   kernels: a Google Benchmark program <NAME>_benchmark that checks its answers before it measures.
# add_benchmark_job(NAME step_job LAYER training SOURCES step_job.cpp ...)
#   whole jobs: a program <NAME> with a main and arguments of its own.
function(add_benchmark)
  cmake_parse_arguments(ARG "" "NAME;LAYER" "SOURCES;LINK" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_benchmark(${ARG_NAME}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_measuring_program(${ARG_NAME}_benchmark "${ARG_LAYER}" "${ARG_SOURCES}" "${ARG_LINK};benchmark::benchmark_main")
endfunction()

function(add_benchmark_job)
  cmake_parse_arguments(ARG "" "NAME;LAYER" "SOURCES;LINK" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_benchmark_job(${ARG_NAME}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_measuring_program(${ARG_NAME} "${ARG_LAYER}" "${ARG_SOURCES}" "${ARG_LINK}")
endfunction()

function(add_measuring_program target layer sources libraries)
  if(NOT layer IN_LIST COLDFRAME_LAYERS)
    return()
  endif()
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE coldframe_${layer} ${libraries})
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/benchmarks JOB_POOL_LINK link_pool)
  get_property(no_torch GLOBAL PROPERTY COLDFRAME_LAYER_NO_TORCH_${layer})
  if(NOT no_torch)
    set_property(TARGET ${target} PROPERTY JOB_POOL_COMPILE torch_pool)
  endif()
  add_dependencies(benchmarks ${target})
endfunction()
