# The C library as others use it: one shared object with the engine, media, vision and tracking
# (no files of the program), its headers, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)

set(library_layers core tensor telemetry kernels ir ops onnx tflite passes plan backend runtime)
if(OC_APP)
  list(APPEND library_layers media config sched vision track)
endif()

set(stub ${CMAKE_BINARY_DIR}/generated/ocellus_shared.c)
file(CONFIGURE OUTPUT ${stub} CONTENT "typedef int oc_shared_object;\n")
add_library(ocellus_shared SHARED ${stub})
set_target_properties(ocellus_shared PROPERTIES OUTPUT_NAME ocellus EXPORT_NAME ocellus
  VERSION ${PROJECT_VERSION} SOVERSION 0 LINKER_LANGUAGE C)
target_include_directories(ocellus_shared INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# the layers' objects rather than their archives, so that every public function is kept
foreach(layer IN LISTS library_layers)
  get_target_property(kind oc_${layer} TYPE)
  if(kind STREQUAL STATIC_LIBRARY)
    target_sources(ocellus_shared PRIVATE $<TARGET_OBJECTS:oc_${layer}>)
  endif()
endforeach()
target_link_libraries(ocellus_shared PRIVATE oc_flags)
if(OC_APP)
  target_link_libraries(ocellus_shared PRIVATE PkgConfig::JPEG PkgConfig::PNG PkgConfig::FYAML)
endif()
if(NOT OC_SANITIZE)
  target_link_options(ocellus_shared PRIVATE -Wl,--no-undefined)
endif()

install(TARGETS ocellus_shared EXPORT OcellusTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/ocellus DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(EXPORT OcellusTargets NAMESPACE Ocellus::
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Ocellus)
configure_package_config_file(cmake/OcellusConfig.cmake.in
  ${CMAKE_BINARY_DIR}/generated/OcellusConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Ocellus)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/OcellusConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/OcellusConfig.cmake
  ${CMAKE_BINARY_DIR}/generated/OcellusConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Ocellus)
cmake_path(SET pc_prefix ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${pc_prefix}
  OUTPUT_VARIABLE pc_prefix)
configure_file(cmake/ocellus.pc.in ${CMAKE_BINARY_DIR}/generated/ocellus.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/generated/ocellus.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET ocellus)
  install(TARGETS ocellus RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
foreach(folder models pipelines)
  if(OC_APP AND IS_DIRECTORY ${CMAKE_SOURCE_DIR}/${folder})
    install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_DATADIR}/ocellus)
  endif()
endforeach()
# what `ocellus models get` needs beside the program
if(OC_APP)
  install(FILES data/media.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/ocellus/data)
  install(PROGRAMS tools/tfjs2onnx.py DESTINATION ${CMAKE_INSTALL_DATADIR}/ocellus/tools)
  install(DIRECTORY tools/tfjs2onnx DESTINATION ${CMAKE_INSTALL_DATADIR}/ocellus/tools
    FILES_MATCHING PATTERN "*.py")
endif()
