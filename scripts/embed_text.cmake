# embed_text(src/FOLDER/NAME.txt) writes include/FOLDER/NAME_text.h in the build folder: a string
# text_SECTION for each heading [SECTION], with _ for -. Lines, one per sentence, are joined with
# blanks; an empty line separates paragraphs; an indented line remains a line. {FORMATS} is the
# macro FORMATS of version.h. src/FOLDER/NAME.c includes the header: gcc warns of a section that it
# does not use; a missing one is an error.
function(embed_text path)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  string(REPLACE "\\" "\\\\" text "\n${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  while(text MATCHES "\n([[][a-z_]+)-([a-z_-]+])\n")
    string(REPLACE "${CMAKE_MATCH_0}" "\n${CMAKE_MATCH_1}_${CMAKE_MATCH_2}\n" text "${text}")
  endwhile()
  # This character represents the end of a string until its lines are joined.
  string(ASCII 1 end)
  string(REGEX REPLACE "\n*\n[[]([a-z_]+)]\n *" "${end}static const char text_\\1[] = \""
         text "${text}")
  string(REGEX REPLACE "\n+$" "${end}" text "${text}")
  string(REPLACE "\n\n" "\\n\\n" text "${text}")
  string(REPLACE "\n    " "\\n" text "${text}")
  string(REPLACE "\n" " " text "${text}")
  string(REGEX REPLACE "^${end}" "" text "${text}")
  string(REPLACE "${end}" "\";\n" text "${text}")
  string(REPLACE "{FORMATS}" "\" FORMATS \"" text "${text}")
  string(REGEX REPLACE "^src/(.*)[.]txt$" "include/\\1_text.h" header ${path})
  file(CONFIGURE OUTPUT ${header} @ONLY
       CONTENT "/* from ${path} */\n#include \"base/version.h\"\n\n${text}")
  string(REPLACE .txt .c source ${path})
  set_source_files_properties(
    ${source} PROPERTIES COMPILE_OPTIONS "$<$<C_COMPILER_ID:GNU>:-Wunused-const-variable=2>")
endfunction()
