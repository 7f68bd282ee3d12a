# cmake -DSOURCE_DIR=.. -DOUTPUT=.. -P WriteRevision.cmake
# Writes the commit into a source file, and only when it changed, so that a build after nothing happened stays quiet.
set(revision unknown)
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --show-toplevel
                OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(status EQUAL 0 AND top STREQUAL SOURCE_DIR)
  execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=40 --exclude=*
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(text "#include \"framework/cli/revision.h\"

namespace coldframe {

std::string source_revision() { return \"${revision}\"; }

}  // namespace coldframe
")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} present)
endif()
if(NOT "${present}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
