# install_layers(): libraries, headers and a package for find_package(Coldframe COMPONENTS <layers>).
# Called once, after all layers are declared. The program itself is installed by its layer (cli).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

function(install_layers)
  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Coldframe)
  get_property(layers GLOBAL PROPERTY COLDFRAME_LAYERS_ADDED)
  set(COLDFRAME_PACKAGE_DEPENDENCIES "")
  foreach(layer IN LISTS layers)
    install(TARGETS coldframe_${layer} EXPORT ColdframeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/framework/${layer} DESTINATION include/framework FILES_MATCHING PATTERN "*.h")
    get_property(uses GLOBAL PROPERTY COLDFRAME_LAYER_DEPS_${layer})
    string(APPEND COLDFRAME_PACKAGE_DEPENDENCIES "set(_coldframe_uses_${layer} ${uses})\n")
  endforeach()
  if(TARGET coldframe_hdf5)
    install(TARGETS coldframe_hdf5 EXPORT ColdframeTargets)
  endif()
  list(JOIN layers " " COLDFRAME_PACKAGE_LAYERS)

  install(EXPORT ColdframeTargets NAMESPACE Coldframe:: DESTINATION ${package})
  configure_package_config_file(
    ${CMAKE_SOURCE_DIR}/cmake/ColdframeConfig.cmake.in ${CMAKE_BINARY_DIR}/ColdframeConfig.cmake
    INSTALL_DESTINATION ${package})
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/ColdframeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/ColdframeConfig.cmake ${CMAKE_BINARY_DIR}/ColdframeConfigVersion.cmake
                ${CMAKE_SOURCE_DIR}/cmake/Torch.cmake
          DESTINATION ${package})
endfunction()
