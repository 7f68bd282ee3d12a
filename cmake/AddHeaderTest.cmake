# add_header_test(<layer>): a test headers_<layer> that compiles every header of the layer alone, twice included.
# The objects are no part of the ordinary build: the test builds them, without the precompiled header.
function(add_header_test layer)
  set(folder ${CMAKE_SOURCE_DIR}/framework/${layer})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*.h)
  if(NOT headers)
    return()
  endif()
  set(sources "")
  foreach(header IN LISTS headers)
    string(REPLACE "/" "_" name "${header}")
    set(source ${CMAKE_BINARY_DIR}/headers/${layer}/${name}.cpp)
    set(line "#include \"framework/${layer}/${header}\"\n")
    file(CONFIGURE OUTPUT ${source} CONTENT "${line}${line}" @ONLY)
    list(APPEND sources ${source})
  endforeach()
  add_library(headers_${layer} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(headers_${layer} PRIVATE coldframe_${layer})
  # Internal headers may include what the layer links privately.
  target_include_directories(headers_${layer} SYSTEM PRIVATE $<TARGET_PROPERTY:coldframe_${layer},INCLUDE_DIRECTORIES>)
  get_property(no_torch GLOBAL PROPERTY COLDFRAME_LAYER_NO_TORCH_${layer})
  if(NOT no_torch)
    set_property(TARGET headers_${layer} PROPERTY JOB_POOL_COMPILE torch_pool)
  endif()
  add_test(NAME headers_${layer}
           COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --parallel 2 --target headers_${layer})
  # Two ninjas in one build folder would trip over each other.
  set_tests_properties(headers_${layer} PROPERTIES
    LABELS full TIMEOUT 900 PROCESSORS 2 RESOURCE_LOCK build_folder)
endfunction()
