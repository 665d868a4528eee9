# Removes the files that `cmake --install` has written, by its list in the build directory, where
# the target uninstall runs this script. Directories stay: other programs may use them.

set(list "${CMAKE_CURRENT_BINARY_DIR}/install_manifest.txt")
if(NOT EXISTS "${list}")
  message(FATAL_ERROR "Nothing to uninstall: ${list} does not exist, because nothing was installed "
                      "from this build directory")
endif()
file(STRINGS "${list}" files)
set(removed 0)
foreach(file IN LISTS files)
  set(file "$ENV{DESTDIR}${file}")
  if(EXISTS "${file}" OR IS_SYMLINK "${file}")
    message(STATUS "Uninstalling: ${file}")
    file(REMOVE "${file}")
    if(EXISTS "${file}" OR IS_SYMLINK "${file}")
      message(FATAL_ERROR "${file} cannot be removed; uninstall as the user who installed it")
    endif()
    math(EXPR removed "${removed} + 1")
  else()
    message(STATUS "Not there: ${file}")
  endif()
endforeach()
if(removed EQUAL 0) # the list is kept: DESTDIR may have been forgotten
  message(FATAL_ERROR "Nothing to uninstall: no file of ${list} exists; if DESTDIR was set for the "
                      "installation, set it again")
endif()
file(REMOVE "${list}")
