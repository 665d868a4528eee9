# Removes the files that `cmake --install` has written, from the list that it left in the build
# directory; the target uninstall runs this there. Directories stay: others may use them.

set(list ${CMAKE_CURRENT_BINARY_DIR}/install_manifest.txt)
if(NOT EXISTS ${list})
  message(FATAL_ERROR "Nothing to uninstall: ${list} does not exist, because nothing was installed "
                      "from this build directory")
endif()
file(STRINGS ${list} files)
foreach(file ${files})
  set(file $ENV{DESTDIR}${file})
  if(EXISTS ${file} OR IS_SYMLINK ${file})
    message(STATUS "Uninstalling: ${file}")
    file(REMOVE ${file})
    if(EXISTS ${file})
      message(FATAL_ERROR "${file} cannot be removed; uninstall as the user who installed it")
    endif()
  else()
    message(STATUS "Not there: ${file}")
  endif()
endforeach()
file(REMOVE ${list})
