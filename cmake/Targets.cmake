# The few ways a target is declared in Fabrica. One folder, one library; a library links only what
# it declares, and the declarations are written to layers.txt for the layering check.

# Aggregates that ./dev builds: what one kind of run needs and nothing else.
foreach(aggregate IN ITEMS apps unit_tests mt_tests fuzz_tests system_tests scenario_tests benches)
  add_custom_target(${aggregate})
endforeach()

set(FABRICA_FUZZ_SECONDS 3 CACHE STRING "How long each fuzz target searches within ctest")
set(FABRICA_TEST_ENVIRONMENT
  "FABRICA_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "FABRICA_BIN_DIR=${PROJECT_BINARY_DIR}/bin"
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")

# Precompiled headers are made twice, once for the product and once for tests, and shared.
if(FABRICA_PCH)
  foreach(kind IN ITEMS pch pch_tests)
    add_library(fabrica_${kind} OBJECT "${PROJECT_SOURCE_DIR}/cmake/pch/${kind}.cpp")
    target_precompile_headers(fabrica_${kind} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/pch/${kind}.h")
    target_link_libraries(fabrica_${kind} PRIVATE fmt::fmt fabrica_boost)
  endforeach()
  target_link_libraries(fabrica_pch_tests PRIVATE GTest::gmock rapidcheck rapidcheck_gtest)
endif()

function(fabrica_use_pch target kind)
  if(FABRICA_PCH)
    target_precompile_headers(${target} REUSE_FROM fabrica_${kind})
  endif()
endfunction()

# Joins the source files of a target, so many at a time. What a neighbour in the batch declares is no
# outer scope to shadow; the builds without unity find true shadows.
function(fabrica_use_unity target batch)
  if(FABRICA_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch})
    target_compile_options(${target} PRIVATE -Wno-shadow)
  endif()
endfunction()

# Records for layers.txt what the folder of src/ that is being read may use. Its name is its path
# with `_` for `/`; two targets in one folder share what they declare.
function(fabrica_record_layer name)
  get_property(known GLOBAL PROPERTY FABRICA_LAYERS)
  if(NOT name IN_LIST known)
    set_property(GLOBAL APPEND PROPERTY FABRICA_LAYERS ${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY FABRICA_LAYER_${name} ${ARGN})
endfunction()

# The layer name of a folder of src/: sites/local is sites_local.
function(fabrica_layer_of folder result)
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/src")
  string(REPLACE "/" "_" name "${folder}")
  set(${result} "${name}" PARENT_SCOPE)
endfunction()

# Remembers the wish of `target` to use our libraries; fabrica_finish() links them when all exist.
function(fabrica_declare target scope)
  set_property(GLOBAL APPEND PROPERTY FABRICA_DECLARED ${target})
  set_property(GLOBAL PROPERTY FABRICA_SCOPE_${target} ${scope})
  set_property(GLOBAL PROPERTY FABRICA_DEPS_${target} ${ARGN})
endfunction()

# fabrica_library(name [HOT] [PATH sub/dir] [DEPS our libraries] [EXTERNAL cmake targets])
# A static library fabrica_<name> of the *.cpp of its folder, header-only where there are none. HOT is
# where simulations spend their time: optimised in the ASan build too, which otherwise is not.
function(fabrica_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HOT" "PATH" "DEPS;EXTERNAL")
  fabrica_reject_unknown(fabrica_library "${arg_UNPARSED_ARGUMENTS}")
  set(target fabrica_${name})
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}")
  if(arg_PATH)
    set(folder "${PROJECT_SOURCE_DIR}/src/${arg_PATH}")
  endif()
  fabrica_layer_of("${folder}" layer)
  if(NOT name STREQUAL layer)
    message(FATAL_ERROR "fabrica_library(${name}): the library of ${folder} is called '${layer}'.")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
    if(arg_HOT AND FABRICA_PROFILE STREQUAL "asan")
      target_compile_options(${target} PRIVATE -O1)  # other flags than the precompiled header's
    else()
      fabrica_use_pch(${target} pch)
    endif()
    fabrica_use_unity(${target} 12)
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  target_include_directories(${target} ${scope} "${PROJECT_SOURCE_DIR}/src")
  # Boost's headers for all, so that nobody takes those of another Boost in /usr/include.
  target_link_libraries(${target} ${scope} fmt::fmt Boost::headers ${arg_EXTERNAL})
  fabrica_declare(${target} ${scope} ${arg_DEPS})
  fabrica_record_layer(${name} ${arg_DEPS})
endfunction()

# fabrica_executable(name SOURCES files [DEPS our libraries] [EXTERNAL cmake targets])
# A program in build/<preset>/bin.
function(fabrica_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;EXTERNAL")
  fabrica_reject_unknown(fabrica_executable "${arg_UNPARSED_ARGUMENTS}")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${name} PRIVATE fmt::fmt ${arg_EXTERNAL})
  fabrica_use_pch(${name} pch)
  fabrica_declare(${name} PRIVATE ${arg_DEPS})
  fabrica_layer_of("${CMAKE_CURRENT_SOURCE_DIR}" layer)
  fabrica_record_layer(${layer} ${arg_DEPS})
  add_dependencies(apps ${name})
endfunction()

# fabrica_test(folder [DEPS our libraries] [EXTERNAL cmake targets] [SOURCES files]
#              [LABELS mt …] [TIMEOUT seconds] [COST seconds] [SERIAL] [NO_UNITY])
# One GoogleTest binary, and one ctest test named after its place: tests/unit/ledger becomes
# `unit/ledger`, tests/system with folder `crash` becomes `system/crash`. Sources are the *.cpp of
# the folder unless named. Runs in the repository root, with FABRICA_SOURCE_DIR and FABRICA_BIN_DIR
# set. The label `mt` (several threads) makes it part of the TSan run; SERIAL keeps others away;
# NO_UNITY is for files that all use the same names, each for its own; what has a COST starts first.
function(fabrica_test folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL;NO_UNITY" "TIMEOUT;COST" "DEPS;EXTERNAL;SOURCES;LABELS")
  fabrica_reject_unknown(fabrica_test "${arg_UNPARSED_ARGUMENTS}")
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests"
             OUTPUT_VARIABLE place)
  string(REGEX REPLACE "/.*" "" kind "${place}")  # unit, system, scenarios, fuzz
  set(target test_${kind}_${folder})
  if(arg_SOURCES)
    set(sources ${arg_SOURCES})
  else()
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  endif()
  if(NOT sources)
    message(FATAL_ERROR "fabrica_test(${folder}): no *.cpp in ${CMAKE_CURRENT_SOURCE_DIR}.")
  endif()
  add_executable(${target} ${sources})
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  target_include_directories(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE
    fmt::fmt GTest::gmock_main rapidcheck rapidcheck_gtest ${arg_EXTERNAL})
  fabrica_use_pch(${target} pch_tests)
  if(NOT arg_NO_UNITY)
    fabrica_use_unity(${target} 6)
  endif()
  fabrica_declare(${target} PRIVATE ${arg_DEPS})

  set(test "${kind}/${folder}")
  add_test(NAME ${test}
    COMMAND ${target} "--gtest_output=json:${PROJECT_BINARY_DIR}/results/${target}.json"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(NOT arg_COST)
    set(arg_COST 1)
  endif()
  set_tests_properties(${test} PROPERTIES
    LABELS "${kind};${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} COST ${arg_COST}
    ENVIRONMENT "${FABRICA_TEST_ENVIRONMENT}")
  if(arg_SERIAL)
    set_tests_properties(${test} PROPERTIES RUN_SERIAL ON)
  endif()
  fabrica_join_aggregates(${target} ${kind} ${arg_LABELS})
endfunction()

function(fabrica_join_aggregates target kind)
  if(kind STREQUAL "scenarios")
    add_dependencies(scenario_tests ${target})
  else()
    add_dependencies(${kind}_tests ${target})
  endif()
  if(kind MATCHES "^(system|scenarios)$")
    add_dependencies(${target} apps)
  endif()
  if("mt" IN_LIST ARGN)
    add_dependencies(mt_tests ${target})
  endif()
endfunction()

# fabrica_fuzz(name SOURCES files [DEPS our libraries] [EXTERNAL cmake targets] [MAX_LEN bytes])
# The sources define LLVMFuzzerTestOneInput. In the asan and fuzz profiles this is a libFuzzer
# binary: ctest replays tests/fuzz/corpus/<name>/, then searches for FABRICA_FUZZ_SECONDS. In the
# others a small main of ours replays the corpus.
function(fabrica_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MAX_LEN" "SOURCES;DEPS;EXTERNAL")
  fabrica_reject_unknown(fabrica_fuzz "${arg_UNPARSED_ARGUMENTS}")
  set(target fuzz_${name})
  set(corpus "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
  file(GLOB inputs "${corpus}/*")
  if(NOT inputs)
    message(FATAL_ERROR "fabrica_fuzz(${name}): put at least one input into ${corpus}.")
  endif()
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  target_include_directories(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE fmt::fmt ${arg_EXTERNAL})
  fabrica_use_pch(${target} pch)
  fabrica_declare(${target} PRIVATE ${arg_DEPS})
  add_dependencies(fuzz_tests ${target})

  set(tests fuzz/${name}/replay)
  if(FABRICA_FUZZER)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(found "${PROJECT_BINARY_DIR}/fuzz/${name}")
    file(MAKE_DIRECTORY "${found}/corpus")
    if(NOT arg_MAX_LEN)
      set(arg_MAX_LEN 4096)
    endif()
    add_test(NAME fuzz/${name}/replay
      COMMAND ${target} -runs=0 -artifact_prefix=${found}/ "${corpus}")
    add_test(NAME fuzz/${name}/search
      COMMAND ${target} -max_total_time=${FABRICA_FUZZ_SECONDS} -max_len=${arg_MAX_LEN} -timeout=10
              -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=${found}/
              "${found}/corpus" "${corpus}")
    list(APPEND tests fuzz/${name}/search)
  else()
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp")
    add_test(NAME fuzz/${name}/replay COMMAND ${target} "${corpus}")
  endif()
  set_tests_properties(${tests} PROPERTIES
    LABELS fuzz TIMEOUT 300 ENVIRONMENT "${FABRICA_TEST_ENVIRONMENT}")
endfunction()

# fabrica_bench(name SOURCES files [DEPS our libraries] [EXTERNAL cmake targets] [OWN_MAIN])
# A Google Benchmark binary in build/release/bench; only the release profile has it. OWN_MAIN for
# a load driver that brings its own main().
function(fabrica_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OWN_MAIN" "" "SOURCES;DEPS;EXTERNAL")
  fabrica_reject_unknown(fabrica_bench "${arg_UNPARSED_ARGUMENTS}")
  if(NOT FABRICA_PROFILE STREQUAL "release")
    return()
  endif()
  set(target bench_${name})
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
  target_include_directories(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/bench" "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE fmt::fmt benchmark::benchmark ${arg_EXTERNAL})
  if(NOT arg_OWN_MAIN)
    target_link_libraries(${target} PRIVATE benchmark::benchmark_main)
  endif()
  fabrica_use_pch(${target} pch)
  fabrica_declare(${target} PRIVATE ${arg_DEPS})
  add_dependencies(benches ${target})
  add_dependencies(${target} apps)
endfunction()

function(fabrica_reject_unknown function arguments)
  if(arguments)
    message(FATAL_ERROR "${function}: unknown arguments: ${arguments}")
  endif()
endfunction()

# Links what was declared, now that every folder has spoken, and writes layers.txt.
function(fabrica_finish)
  get_property(targets GLOBAL PROPERTY FABRICA_DECLARED)
  foreach(target IN LISTS targets)
    get_property(scope GLOBAL PROPERTY FABRICA_SCOPE_${target})
    get_property(deps GLOBAL PROPERTY FABRICA_DEPS_${target})
    foreach(dep IN LISTS deps)
      if(TARGET fabrica_${dep})
        target_link_libraries(${target} ${scope} fabrica_${dep})
      else()
        message(WARNING "${target} declares the dependency '${dep}', but no folder makes it.")
      endif()
    endforeach()
  endforeach()
  set(layers "")
  get_property(names GLOBAL PROPERTY FABRICA_LAYERS)
  foreach(name IN LISTS names)
    get_property(deps GLOBAL PROPERTY FABRICA_LAYER_${name})
    list(JOIN deps " " deps)
    string(APPEND layers "${name}: ${deps}\n")
  endforeach()
  file(WRITE "${PROJECT_BINARY_DIR}/layers.txt" "${layers}")
endfunction()
