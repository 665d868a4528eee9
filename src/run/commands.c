#include "run/commands.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT = sizeof(uint64_t), BYTES_MAX = COMMANDS_MAX * UNIT };

Commands commands_new(size_t n) { return (Commands){alloc_new(n + 1, UNIT), n}; }

void commands_free(Commands *commands) {
  free(commands->data);
  *commands = (Commands){NULL, 0};
}

const char *commands_word(const Commands *commands, size_t *at) {
  const char *word = (const char *)commands->data + *at;
  const size_t left = commands->n * UNIT - *at, length = strnlen(word, left);
  if (length == left) return NULL;
  *at += length + 1;
  return word;
}

size_t commands_next(const Commands *commands, size_t *at) {
  const char *number = commands_word(commands, at);
  return number ? strtoul(number, NULL, 10) : 0;
}

/* The end of the command line that begins at byte `at`. */
static size_t end_of(const Commands *commands, size_t at) {
  for (size_t left = commands_next(commands, &at); left > 0; left--)
    if (!commands_word(commands, &at)) break;
  return at;
}

/* The end of the last command line. */
static size_t used(const Commands *commands) {
  size_t end = 0, at = 0;
  while (commands_next(commands, &at) > 0) at = end = end_of(commands, end);
  return end;
}

/* Removes the oldest command lines except the first, until at most this many bytes are used. */
static size_t make_room(Commands *commands, size_t bytes, size_t most) {
  char *text = (char *)commands->data;
  const size_t first = end_of(commands, 0);
  while (bytes > most && bytes > first) {
    const size_t next = end_of(commands, first);
    memmove(text + first, text + next, bytes - next);
    bytes -= next - first;
    memset(text + bytes, 0, commands->n * UNIT - bytes);
  }
  return bytes;
}

void commands_add(Commands *commands, char *const *words, int n) {
  char number[16];
  size_t more = (size_t)snprintf(number, sizeof number, "%d", n) + 1;
  for (int i = 0; i < n; i++) more += strlen(words[i]) + 1;
  const size_t most = more < BYTES_MAX ? BYTES_MAX - more : 0;
  const size_t before = make_room(commands, used(commands), most);
  Commands longer = commands_new((before + more + UNIT - 1) / UNIT);
  char *to = (char *)longer.data + before;
  if (before > 0) memcpy(longer.data, commands->data, before);
  to = stpcpy(to, number) + 1;
  for (int i = 0; i < n; i++) to = stpcpy(to, words[i]) + 1;
  commands_free(commands);
  *commands = longer;
}
