# cmake -DINPUT=page.html -DOUTPUT=page.cpp -DHEADER=framework/x/page.h -DNAME=k_page -P EmbedText.cmake
# Writes a source file that defines `const std::string_view NAME` with the text of INPUT.
file(READ ${INPUT} text)
string(FIND "${text}" ")embed\"" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "${INPUT} holds the delimiter )embed\"")
endif()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace coldframe {

const std::string_view ${NAME} = R\"embed(${text})embed\";

}  // namespace coldframe
")
