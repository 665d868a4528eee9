# project() includes this file after it has found the compiler and before it compiles a test, which
# would need libraries of an unsupported target. Sets UNSUPPORTED_TARGET to the error message for
# CMakeLists.txt, or does not set it.

if(DEFINED CMAKE_C_FLAGS)
  set(flags "${CMAKE_C_FLAGS}")
else() # project() will set them to this; a toolchain file can set the second
  set(flags "$ENV{CFLAGS} ${CMAKE_C_FLAGS_INIT}")
endif()
separate_arguments(command NATIVE_COMMAND "${CMAKE_C_COMPILER_ARG1} ${flags}")
if(CMAKE_C_COMPILER_TARGET)
  list(APPEND command --target=${CMAKE_C_COMPILER_TARGET})
endif()
execute_process(COMMAND ${CMAKE_C_COMPILER} ${command} -dM -E -x c /dev/null
                OUTPUT_VARIABLE macros ERROR_QUIET)

unset(UNSUPPORTED_TARGET)
if(NOT CMAKE_SYSTEM_NAME MATCHES "^(Linux|Darwin|FreeBSD)$")
  set(UNSUPPORTED_TARGET "The target's system is ${CMAKE_SYSTEM_NAME}, on which kmer-rnn has not \
been built; build it on Linux, with glibc or musl")
elseif(macros MATCHES "__SIZEOF_POINTER__ 4")
  set(UNSUPPORTED_TARGET "The target has 32-bit pointers, too small for the sizes that kmer-rnn \
computes with; use a compiler for 64-bit programs, without -m32 and -mx32")
elseif(macros MATCHES "__BYTE_ORDER__ __ORDER_BIG_ENDIAN__")
  set(UNSUPPORTED_TARGET "The target is big-endian, and kmer-rnn writes numbers as they are in \
memory, little-endian; use a compiler for a little-endian CPU, such as x86-64 or arm64")
endif()
if(UNSUPPORTED_TARGET)
  set(CMAKE_C_COMPILER_FORCED TRUE) # no test whether it can link
endif()
