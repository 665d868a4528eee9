/* commands: the command lines of a run, the first one and each that resumed it.
 *
 * They are kept as they stand in a checkpoint: of each the number of its words and then the words,
 * each with a 0 after it, filled up with zeros to whole words of 64 bits. Names of files need not
 * be UTF-8. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMMANDS_MAX = 1 << 21 }; /* n, at most */

typedef struct {
  uint64_t *data; /* (n) */
  size_t n;
} Commands;

/* Room for n words of 64 bits, to be read from a file. */
Commands commands_new(size_t n);
void commands_free(Commands *commands);

/* Adds a command line. Where all together would exceed COMMANDS_MAX, the oldest but the first make
 * room. */
void commands_add(Commands *commands, char *const *words, int n);

/* The next command line, from byte *at (0: the first): how many words it has; 0: there is none. Its
 * words follow, one by one; NULL where the data was damaged. */
size_t commands_next(const Commands *commands, size_t *at);
const char *commands_word(const Commands *commands, size_t *at);

#endif
