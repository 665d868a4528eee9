# Removes the files that `cmake --install` has written, by its list in the build directory, where
# the target uninstall runs this script. Directories stay: other programs may use them. If none of
# the files exists, it prints one sentence and succeeds, as `rm -f` does.

set(list "${CMAKE_CURRENT_BINARY_DIR}/install_manifest.txt")
if(NOT EXISTS "${list}")
  message(STATUS "Nothing to uninstall: nothing was installed from this build directory, or "
                 "everything has been uninstalled")
  return()
endif()
file(STRINGS "${list}" files)
set(present 0)
foreach(file IN LISTS files)
  if(EXISTS "$ENV{DESTDIR}${file}" OR IS_SYMLINK "$ENV{DESTDIR}${file}")
    math(EXPR present "${present} + 1")
  endif()
endforeach()
if(present EQUAL 0) # the list is kept: DESTDIR may have been forgotten
  message(STATUS "Nothing to uninstall: no file of ${list} exists; if DESTDIR was set for the "
                 "installation, set it again")
  return()
endif()
foreach(file IN LISTS files)
  set(file "$ENV{DESTDIR}${file}")
  if(EXISTS "${file}" OR IS_SYMLINK "${file}")
    message(STATUS "Uninstalling: ${file}")
    file(REMOVE "${file}")
    if(EXISTS "${file}" OR IS_SYMLINK "${file}")
      message(FATAL_ERROR "${file} cannot be removed; uninstall as the user who installed it")
    endif()
  else()
    message(STATUS "Not there: ${file}")
  endif()
endforeach()
file(REMOVE "${list}")
