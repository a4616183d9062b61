# The compiler and the flags of one profile. A profile is what a preset is named after:
# debug, release, asan, tsan, fuzz, and tidy (compile commands for clang-tidy, never built).

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT CMAKE_CXX_COMPILER_VERSION MATCHES "^19\\.")
  message(FATAL_ERROR
    "Fabrica needs clang++-19, this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} "
    "(${CMAKE_CXX_COMPILER}).\n"
    "g++ 12 miscompiles ordinary coroutines, older clangs lack std::expected.\n"
    "Do: ./dev setup, remove this build directory, then ./dev build (or: cmake --preset debug).")
endif()

set(FABRICA_PROFILE "debug" CACHE STRING "debug, release, asan, tsan, fuzz or tidy")
set_property(CACHE FABRICA_PROFILE PROPERTY STRINGS debug release asan tsan fuzz tidy)
if(NOT FABRICA_PROFILE MATCHES "^(debug|release|asan|tsan|fuzz|tidy)$")
  message(FATAL_ERROR "FABRICA_PROFILE is '${FABRICA_PROFILE}': use debug, release, asan, tsan, "
                      "fuzz or tidy.")
endif()

# Unity joins source files of a library: a third of the compile time of a clean build, but a change
# of one file compiles its whole batch again, so the build that people work with goes without. A
# file-scope name must be unique within its folder.
if(FABRICA_PROFILE MATCHES "^(release|asan|tsan)$")
  set(unity_default ON)
else()
  set(unity_default OFF)
endif()
option(FABRICA_UNITY "Join the source files of each library" ${unity_default})
# clang-tidy reads the files one by one without it, which also proves that each includes what it
# uses.
if(FABRICA_PROFILE STREQUAL "tidy")
  set(pch_default OFF)
else()
  set(pch_default ON)
endif()
option(FABRICA_PCH "Precompile the standard, fmt and Describe headers" ${pch_default})

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough -Wthread-safety -Werror
  -fno-omit-frame-pointer -fcolor-diagnostics)
# __FILE__ and debug information name files from the root of the repository.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
add_compile_definitions(_GLIBCXX_ASSERTIONS)

set(FABRICA_FUZZER OFF)  # ON: fuzz targets are libFuzzer binaries
# Without the checks on every access of a member: they cost a sixth of the compile time, and what
# they would find ends in a fault or in ASan's hands.
set(asan_flags -fsanitize=address,undefined -fno-sanitize=null,alignment,object-size,vptr
  -fno-sanitize-recover=all -fsanitize=fuzzer-no-link)
if(FABRICA_PROFILE MATCHES "^(debug|tidy)$")
  add_compile_options(-O0 -g1)
elseif(FABRICA_PROFILE STREQUAL "release")
  add_compile_options(-O2 -g1 -fstack-protector-strong -ftrivial-auto-var-init=zero)
  add_compile_definitions(_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
elseif(FABRICA_PROFILE STREQUAL "asan")
  # -O0: at -O1 instrumented code takes twice as long to compile, more than the tests win by it,
  # except for what is declared HOT.
  add_compile_options(-O0 -gline-tables-only ${asan_flags})
  add_link_options(${asan_flags})
  set(FABRICA_FUZZER ON)
elseif(FABRICA_PROFILE STREQUAL "fuzz")
  add_compile_options(-O2 -gline-tables-only ${asan_flags})
  add_link_options(${asan_flags})
  set(FABRICA_FUZZER ON)
elseif(FABRICA_PROFILE STREQUAL "tsan")
  add_compile_options(-O0 -gline-tables-only -fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()

find_program(MOLD_PROGRAM NAMES mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
else()
  message(WARNING "mold was not found, linking will be slow. Do: ./dev setup")
endif()

# ccache with clang's precompiled headers needs these; without the sloppiness it never hits.
find_program(CCACHE_PROGRAM NAMES ccache)
if(CCACHE_PROGRAM AND NOT FABRICA_PROFILE STREQUAL "tidy")
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env
    "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
    "${CCACHE_PROGRAM}")
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
