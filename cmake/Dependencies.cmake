# What comes from Debian 12. Boost must be 1.81: the Describe and Beast of 1.74, Debian's default, are
# too old, and a mix of two Boosts in one binary is undefined behaviour. Where 1.81 cannot be installed beside
# another Boost, `./dev setup` unpacks it into a private prefix.

set(FABRICA_DEPS_PREFIX "/opt/fabrica-deps" CACHE PATH "Private prefix that may hold Boost 1.81")
foreach(prefix IN ITEMS "${FABRICA_DEPS_PREFIX}" "$ENV{HOME}/.local/share/fabrica-deps")
  if(IS_DIRECTORY "${prefix}/usr")
    list(PREPEND CMAKE_PREFIX_PATH "${prefix}/usr")
  endif()
endforeach()

find_package(Boost 1.81.0 EXACT CONFIG QUIET COMPONENTS headers)
if(NOT Boost_FOUND)
  message(FATAL_ERROR "Boost 1.81 was not found. Do: ./dev setup")
endif()
get_target_property(boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
list(GET boost_include 0 boost_include)
file(STRINGS "${boost_include}/boost/version.hpp" boost_version REGEX "#define BOOST_VERSION ")
if(NOT boost_version MATCHES "108100")
  message(FATAL_ERROR "${boost_include}/boost says '${boost_version}', not 108100 (Boost 1.81). "
                      "Do: ./dev setup")
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(benchmark REQUIRED)

# Everything of Boost that Fabrica links. The two SEPARATE_COMPILATION definitions must be the
# same in every file of a binary, so no target may use Asio or Beast except through this one.
add_library(fabrica_boost INTERFACE)
target_link_libraries(fabrica_boost INTERFACE
  Boost::headers Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
target_compile_definitions(fabrica_boost INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)

# The charts of reports, which are written into them.
find_file(FABRICA_CHART_LIBRARY chart.min.js PATHS /usr/share/javascript/chart.js NO_DEFAULT_PATH)
if(NOT FABRICA_CHART_LIBRARY)
  message(FATAL_ERROR "Chart.js (libjs-chart.js) was not found. Do: ./dev setup")
endif()
