/* start: what must be right before a program does anything. */
#ifndef START_H
#define START_H

/* At the beginning of main(), after signals_start and before anything is read or written.
 *
 * A closed standard input, output or error is opened on /dev/null, so that no file of ours takes
 * its number and is written to by mistake; reading or writing it still fails.
 *
 * A file that grows over ulimit -f is an error, not the end of the program.
 *
 * Jansson gets its memory from alloc: it would leave out of a file what there is no memory for.
 *
 * Two libraries take their settings from the environment while the program is being loaded. So this
 * sets what is not set there and starts the program anew: OMP_WAIT_POLICY=passive, for threads that
 * spin while they wait make the program several times slower on a machine that others use too; and
 * OPENBLAS_CORETYPE where matrix.h knows better. OPENBLAS_NUM_THREADS becomes 1 whatever it was:
 * BLAS is held to one thread, and others would only take memory.
 *
 * Where ulimit -v leaves so little that OpenBLAS would hang while it is being loaded, a sentence
 * and exit 1 come before that, for all programs that call this.
 *
 * On x86-64 and arm64, floats below 1.2e-38 are zero from here on, in all threads: the moments of a
 * weight that gets no gradient fade into such numbers, with which processors are slow.
 *
 * Gives back how many threads to use where the user does not say: OMP_NUM_THREADS, or as many as
 * this process may run on. */
int start_program(char **argv);

#endif
