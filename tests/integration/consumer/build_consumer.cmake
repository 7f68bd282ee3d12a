# Installs the build, then configures, builds and runs one consumer against the installed copy only:
#   cmake -DBUILD=... -DSOURCE=.../own_policy -DWORK=... -DEXPECT="regular expression" [-DRUNS=...] [-DCACHE=-D...]
#         -P build_consumer.cmake
# RUNS are the arguments of one run after the other, in the folder WORK, runs parted by |; EXPECT is looked for in all they print.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

get_filename_component(name ${SOURCE} NAME)
file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G Ninja -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_PREFIX_PATH=${WORK}/prefix ${CACHE})
run(${CMAKE_COMMAND} --build ${WORK}/build)
set(printed "")
string(REPLACE "|" ";" runs "${RUNS}")
if(NOT runs)
  set(runs " ")
endif()
foreach(arguments IN LISTS runs)
  separate_arguments(arguments UNIX_COMMAND "${arguments}")
  run(${WORK}/build/${name} ${arguments} WORKING_DIRECTORY ${WORK})
  string(APPEND printed "${output}")
endforeach()
if(NOT printed MATCHES "${EXPECT}")
  message(FATAL_ERROR "${name} printed:\n${printed}\nexpected a match of: ${EXPECT}")
endif()
message(STATUS "${printed}")
