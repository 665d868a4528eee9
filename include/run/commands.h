/* commands: the command lines of a run: the first one, and one for each resumption.
 *
 * They have the form of a checkpoint: for each command line the number of its words and then the
 * words, each terminated by 0, padded with zeros to 64 bits. File names need not be UTF-8. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stddef.h>
#include <stdint.h>

enum { COMMANDS_MAX = 1 << 21 }; /* n, at most */

typedef struct {
  uint64_t *data; /* (n) */
  size_t n;
} Commands;

/* Allocates n words of 64 bits, to be read from a file. */
Commands commands_new(size_t n);
void commands_free(Commands *commands);

/* Adds a command line. If the total exceeds COMMANDS_MAX, the oldest ones except the first are
 * removed. */
void commands_add(Commands *commands, char *const *words, int n);

/* The number of words of the next command line, from byte *at (0: the first) on; 0 after the last.
 * commands_word then returns its words one by one, borrowed; NULL if the data is damaged. */
size_t commands_next(const Commands *commands, size_t *at);
const char *commands_word(const Commands *commands, size_t *at);

#endif
