/* input: the text of a file or of standard input, decompressed (decoder.h).
 *
 * Once a hundred kilobytes were read, a thread reads and unpacks a megabyte ahead of the caller.
 * BGZF on disk that is cut short is an error when it is opened. */
#ifndef INPUT_H
#define INPUT_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Input Input;

/* Opens a file, or standard input for "-". NULL, and a sentence with the file's name, where it
 * cannot be read, is a directory or is empty. The caller closes it. */
Input *input_open(const char *path, Why *why);
void input_close(Input *input); /* NULL is allowed */

/* Whether it is typed: standard input from a terminal. INPUT_TYPED is the message. */
bool input_is_typed(const char *path);
#define INPUT_TYPED "reading standard input; press Ctrl-D to end"

/* The fraction of the file that was read, 0..1; 0 if its size is unknown. For any thread. */
double input_part(const Input *input);

/* The name of a file in messages: its path, or "standard input" for "-". */
const char *input_title(const char *path);
const char *input_name(const Input *input); /* the title of its file */

/* The name of its compression; NULL: none. */
const char *input_format(const Input *input);

/* The next bytes of text: how many, 0 at the end; they are valid until the next call. -1 an error;
 * why does not name the file: the caller knows the line too. */
ptrdiff_t input_next(Input *input, const char **text, Why *why);

/* At the end: whether it is BGZF without its end block, perhaps truncated between two blocks. */
bool input_unfinished(const Input *input);

/* Whether the next bytes may take long to arrive, through a pipe that is empty now. */
bool input_waits(Input *input);

/* Of the file as stored (compressed), once it has ended: its bytes and their CRC-32. */
uint64_t input_bytes(const Input *input);
uint32_t input_crc32(const Input *input);

#endif
