/* option: a row of the table of a program's options, and the value of an option in its two forms:
 * as text that users type, and as a field in a struct of settings. */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  OPTION_FLAG,     /* bool */
  OPTION_INT,      /* int, min..max; with "N|auto" also this word, stored as min - 1 */
  OPTION_COUNT,    /* uint64_t, min..max */
  OPTION_REAL,     /* double, min..max, finite */
  OPTION_DURATION, /* double, seconds; typed as 90, 90s, 10m, 2h or 1d */
  OPTION_SIZE,     /* uint64_t, bytes; typed as 800000, 800k, 64M, 2.5G or 1T */
  OPTION_CHOICE,   /* int, index into choices; -1: not given and without a default */
  OPTION_SWITCH,   /* int, 0: not given; 1: given without argument; 2: --name=argument */
  OPTION_TEXT,     /* const char *, borrowed from argv */
  OPTION_TEXTS     /* TextList: each use of the option appends a text */
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
  size_t offset;        /* of the option's field in a struct of settings */
  const char *fallback; /* the default as a user would type it; NULL: the field stays zero, or means
                           "not given": min - 1 for an int, -1 for a choice */
  double min, max;      /* inclusive; for whole numbers within 0..2^53, which are exact */
  const char *argument; /* "N"; for a choice, "sigmoid|tanh|relu" */
  const char *group;    /* its heading; "with --mode score|track": options that go only with these
                           words of that choice */
  const char *help;     /* description without the default and range; for a choice, also a line for
                           each of its words */
} Option;

/* For a table that is a macro of rows (activation.h), TABLE(OPTION_FIRST_WORD, OPTION_NEXT_WORD) is
 * the argument of a choice among them: the names of the rows as "a|b|c". */
#define OPTION_FIRST_WORD(CONSTANT, ...) OPTION_NAME(__VA_ARGS__, )
#define OPTION_NEXT_WORD(CONSTANT, ...)  "|" OPTION_NAME(__VA_ARGS__, )
#define OPTION_NAME(name, ...)           #name /* "..." must not be empty: hence the comma */

/* The index of a word in "a|b|c", from 0; -1: it is not in the list. */
int option_find(const char *words, const char *word);

/* Copies the i-th word of the argument "a|b|c" to word; false if there is none. */
bool option_choice(const Option *option, int i, char word[32]);

/* The range of a number, "1..12", or "" if there is none worth printing. */
void option_range(const Option *option, char text[64]);

/* Sets the field to a value as typed, NULL for a flag or a bare switch; -1 if the text is not a
 * valid value ("4x" and "" are not numbers); the field is then undefined. */
int option_set(const Option *option, void *settings, const char *text);

/* The value as a user would type it, exact to the last bit: "yes" or "no" for a flag or a bare
 * switch; "" for a text that was not given, or a whole number or choice that was not given and has
 * no default. */
void option_value(const Option *option, const void *settings, char *text, size_t size);

/* The inverse of option_value: sets the field, which has its default; -1 if option_value does not
 * write such a text. */
int option_restore(const Option *option, void *settings, const char *text);

#endif
