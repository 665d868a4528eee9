/* option: a row of the table of a program's options, and its value: as text, as people type it, and
 * in a field of a struct of settings. */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  OPTION_FLAG,     /* bool */
  OPTION_INT,      /* int, min..max; of "N|auto" also this word, which stands for min - 1 */
  OPTION_COUNT,    /* uint64_t, min..max */
  OPTION_REAL,     /* double, min..max, finite */
  OPTION_DURATION, /* double, seconds; typed as 90, 90s, 10m, 2h or 1d */
  OPTION_SIZE,     /* uint64_t, bytes; typed as 800000, 800k, 64M, 2.5G or 1T */
  OPTION_CHOICE,   /* int, index into choices; -1: it has no default and was not given */
  OPTION_SWITCH,   /* int: 0; given bare, 1; given as --name=argument, 2 */
  OPTION_TEXT,     /* const char *, borrowed from argv */
  OPTION_TEXTS     /* TextList: one more each time that it is given */
} OptionType;

enum { OPTION_TEXTS_MAX = 64 };

typedef struct {
  int n;
  const char *text[OPTION_TEXTS_MAX]; /* borrowed from argv */
} TextList;

typedef struct {
  const char *name;
  char letter; /* 0: none */
  OptionType type;
  size_t offset;        /* of its field in a struct of settings */
  const char *fallback; /* its default as a user would type it; NULL: the field stays zero, or
                           min - 1 of an int and -1 of a choice, which stand for "not given" */
  double min, max;      /* inclusive; of a whole number, 0 to 2^53, which are exact */
  const char *argument; /* "N"; for a choice, "sigmoid|tanh|relu" */
  const char *group;    /* heading it stands under; "with --mode score|track": options that go with
                           these words of that choice alone */
  const char *help;     /* a sentence without its default and range */
} Option;

/* Where a table is a macro of rows (activation.h), TABLE(OPTION_FIRST_WORD, OPTION_NEXT_WORD) is
 * the argument of its choice, the names of the rows as "a|b|c". */
#define OPTION_FIRST_WORD(CONSTANT, ...) OPTION_NAME(__VA_ARGS__, )
#define OPTION_NEXT_WORD(CONSTANT, ...)  "|" OPTION_NAME(__VA_ARGS__, )
#define OPTION_NAME(name, ...)           #name /* "..." must not be empty: hence the comma */

/* The number of a word among "a|b|c", from 0; -1: it is none of these. */
int option_find(const char *words, const char *word);

/* The i-th of the words that argument "a|b|c" separates, copied to word; false if there is none. */
bool option_choice(const Option *option, int i, char word[32]);

/* The range of a number, "1..12", or "" where it says nothing. */
void option_range(const Option *option, char text[64]);

/* Sets the field to a value as typed, NULL for a flag or a bare switch; -1 if it is no value of
 * this option (as "4x" and "" are no numbers), and the field is undefined. */
int option_set(const Option *option, void *settings, const char *text);

/* The value as a user would type it, to the last bit; "yes" or "no" of a flag or bare switch; ""
 * for a text, or a whole number or choice that has no default, where it was not given. */
void option_value(const Option *option, const void *settings, char *text, size_t size);

/* Its inverse: sets the field, which has its default; -1 if option_value writes no such text. */
int option_restore(const Option *option, void *settings, const char *text);

#endif
