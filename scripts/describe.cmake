# cmake -DSOURCE=DIR -DVERSION=X -DHEADER=FILE -P scripts/describe.cmake
# Writes a header with the description of the commit by git, " (v1.0.0-12-gabc1234)", or "" if it is
# the tag of this version, or if there is no git repository, as in a tarball. The file is written
# only if it changes.

set(description)
if(EXISTS ${SOURCE}/.git)
  # Without GIT_OPTIONAL_LOCKS=0 git would lock the index, and a commit at this moment would fail.
  execute_process(COMMAND ${CMAKE_COMMAND} -E env GIT_OPTIONAL_LOCKS=0
                  git -C ${SOURCE} describe --tags --match "v[0-9]*" --always --dirty
                  OUTPUT_VARIABLE description OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(description STREQUAL "v${VERSION}")
  set(description)
elseif(description)
  set(description " (${description})")
endif()
set(text "#define DESCRIPTION \"${description}\"\n")
if(EXISTS ${HEADER})
  file(READ ${HEADER} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${HEADER} "${text}")
endif()
