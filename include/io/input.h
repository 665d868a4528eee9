/* input: the text of a file or of standard input, decompressed (decoder.h).
 *
 * After the first hundred kilobytes, a thread reads and decompresses up to a megabyte ahead of the
 * caller. Opening a truncated BGZF file on disk is an error. */
#ifndef INPUT_H
#define INPUT_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Input Input;

/* Opens a file, or standard input for "-". NULL, with the file's name in why, if it cannot be read,
 * is a directory or is empty. The caller closes it. */
Input *input_open(const char *path, Why *why);
void input_close(Input *input); /* NULL is allowed */

/* Whether path is standard input from a terminal. INPUT_TYPED is the message. */
bool input_is_typed(const char *path);
#define INPUT_TYPED "reading standard input; press Ctrl-D to end"

/* The fraction of the file that was read, 0..1; 0 if its size is unknown. Any thread may call
 * it. */
double input_part(const Input *input);

/* The name of a file in messages: its path, or "standard input" for "-". */
const char *input_title(const char *path);
const char *input_name(const Input *input); /* the title of its file */

/* The name of its compression; NULL: none. */
const char *input_format(const Input *input);

/* Sets *text to the next bytes, valid until the next call, and returns their number; 0 at the end;
 * -1 on error. why does not name the file, because the caller adds the file and the line. */
ptrdiff_t input_next(Input *input, const char **text, Why *why);

/* At the end of the file: whether it is BGZF without its end block, perhaps truncated between two
 * blocks. */
bool input_unfinished(const Input *input);

/* Whether the next bytes may take long to arrive, because they come through a pipe that is empty
 * now. */
bool input_waits(Input *input);

/* The size in bytes and the CRC-32 of the file as stored (compressed), once it has ended. */
uint64_t input_bytes(const Input *input);
uint32_t input_crc32(const Input *input);

#endif
