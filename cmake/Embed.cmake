# fabrica_embed(target function FILE file)
# Makes the text of a file part of a library: `std::span<const std::string_view> function()` in the
# namespace fabrica gives it in pieces. Pieces, since compilers bound the length of a literal. The file is
# ASCII.
function(fabrica_embed target function)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "FILE" "")
  fabrica_reject_unknown(fabrica_embed "${arg_UNPARSED_ARGUMENTS}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${arg_FILE}")
  file(READ "${arg_FILE}" text)
  string(LENGTH "${text}" length)
  set(pieces "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 16000 piece)
    string(APPEND pieces "    R\"embedded(${piece})embedded\",\n")
    math(EXPR at "${at} + 16000")
  endwhile()
  set(made "${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp")
  file(WRITE "${made}.new"
    "#include <span>\n#include <string_view>\n\nnamespace fabrica {\n"
    "std::span<const std::string_view> ${function}();\n"
    "std::span<const std::string_view> ${function}() {\n"
    "  static constexpr std::string_view pieces[] = {\n${pieces}  };\n  return pieces;\n}\n"
    "}  // namespace fabrica\n")
  file(COPY_FILE "${made}.new" "${made}" ONLY_IF_DIFFERENT)
  target_sources(${target} PRIVATE "${made}")
  set_source_files_properties("${made}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
                                                   SKIP_PRECOMPILE_HEADERS ON)
endfunction()
