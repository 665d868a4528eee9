#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a program of our own ------------------------------------------------------------------- */

typedef struct {
  bool loud;
  int lanes, colour, again, copies, width;
  uint64_t seed, room;
  double rate, time;
  const char *output, *tint;
  int shape;
  TextList names;
} Settings;

#define AT(field) offsetof(Settings, field)
static const Option rows[] = {
    {"loud", 'l', OPTION_FLAG, AT(loud), NULL, 0, 0, "", "how", "Be loud"},
    {"lanes", 'B', OPTION_INT, AT(lanes), "64", 1, 1000, "N", "how", "Lanes"},
    {"seed", 0, OPTION_COUNT, AT(seed), "1", 0, 1e18, "N", "how", "Seed"},
    {"rate", 'r', OPTION_REAL, AT(rate), "0.25", -10, 20, "X", "how", "Rate"},
    {"time", 0, OPTION_DURATION, AT(time), "10m", 0, 0, "TIME", "how", "Time"},
    {"colour", 'c', OPTION_CHOICE, AT(colour), "green", 0, 0, "red|green|blue", "how", "Colour"},
    {"again", 0, OPTION_SWITCH, AT(again), NULL, 0, 0, "auto", "how", "Again"},
    {"output", 'o', OPTION_TEXT, AT(output), NULL, 0, 0, "FILE", "how", "Output"},
    {"name", 'n', OPTION_TEXTS, AT(names), NULL, 0, 0, "NAME", "how", "Name"},
    {"tint", 0, OPTION_TEXT, AT(tint), NULL, 0, 0, "X", "with --colour red|blue", "Tint"},
    {"shape", 0, OPTION_CHOICE, AT(shape), NULL, 0, 0, "round|square", "how", "Shape"},
    {"room", 0, OPTION_SIZE, AT(room), NULL, 0, 0, "SIZE", "how", "Room"},
    {"copies", 0, OPTION_INT, AT(copies), NULL, 0, 9, "N", "how", "Copies"},
    {"width", 0, OPTION_INT, AT(width), "auto", 1, 9, "N|auto", "how", "Width"},
    {0}};
static const Clash clashes[] = {
    {.option = "rate", .with = "lanes", .reason = "no lanes"},
    {.option = "time", .fits = "1", .with = "colour", .value = "red|blue", .reason = "no colour"},
    {.option = "seed", .with = "shape", .value = "round", .and = "loud", .reason = "no noise"},
    {.option = NULL}};
static const Program program = {.name = "prog", .options = rows};
static const Program clashing = {.name = "prog", .options = rows, .clashes = clashes};

enum { WORDS = 10 };
static Settings settings;
static char *argv[WORDS + 2];
static CommandLine line;
static Why why;

/* Parses "prog" and these words, which end with NULL. */
static OptionsWish parse(const Program *of, const char *const words[WORDS]) {
  int argc = 1;
  argv[0] = (char *)(uintptr_t) "prog";
  for (; argc <= WORDS && words[argc - 1]; argc++) argv[argc] = (char *)(uintptr_t)words[argc - 1];
  argv[argc] = NULL;
  settings = (Settings){.loud = false};
  why.text[0] = 0;
  options_default(of, &settings);
  return options_parse(of, &settings, argc, argv, &line, &why);
}

#define PARSE(...) parse(&program, (const char *const[WORDS]){__VA_ARGS__})
#define CLASH(...) parse(&clashing, (const char *const[WORDS]){__VA_ARGS__})

static void options_not_given_have_their_defaults(void **state) {
  (void)state;
  assert_int_equal(PARSE(NULL), OPTIONS_RUN);
  assert_false(settings.loud);
  assert_int_equal(settings.lanes, 64);
  assert_int_equal(settings.seed, 1);
  assert_true(settings.rate == 0.25);
  assert_true(settings.time == 600);
  assert_int_equal(settings.colour, 1);
  assert_int_equal(settings.shape, -1);
  assert_null(settings.output);
  assert_int_equal(line.operands, 1);
}

static void every_type_is_set_by_letter_and_by_name(void **state) {
  (void)state;
  assert_int_equal(PARSE("-l", "-B", "7", "-r-2.5e0", "-cblue", "-o", "x"), OPTIONS_RUN);
  assert_true(settings.loud);
  assert_int_equal(settings.lanes, 7);
  assert_true(settings.rate == -2.5);
  assert_int_equal(settings.colour, 2);
  assert_int_equal(PARSE("--shape", "round"), OPTIONS_RUN);
  assert_int_equal(settings.shape, 0);
  assert_int_equal(PARSE("-l", "-B", "7", "-r-2.5e0", "-cblue", "-o", "x"), OPTIONS_RUN);
  assert_string_equal(settings.output, "x");
  assert_int_equal(PARSE("--loud", "--lanes", "1000", "--rate=20", "--colour", "red",
                         "--seed=999999999999999999", "--output=-"),
                   OPTIONS_RUN);
  assert_true(settings.loud);
  assert_int_equal(settings.lanes, 1000);
  assert_true(settings.rate == 20);
  assert_int_equal(settings.colour, 0);
  assert_true(settings.seed == 999999999999999999u);
  assert_string_equal(settings.output, "-");
}

static void the_ends_of_a_range_belong_to_it(void **state) {
  (void)state;
  assert_int_equal(PARSE("-B1", "-r-10", "--seed=0"), OPTIONS_RUN);
  assert_int_equal(PARSE("-B1000", "-r20", "--seed=1000000000000000000"), OPTIONS_RUN);
  assert_int_equal(PARSE("--seed=1000000000000000001"), OPTIONS_ERROR); /* the same double */
  assert_int_equal(PARSE("--seed=18446744073709551615"), OPTIONS_ERROR);
  assert_int_equal(PARSE("--seed=18446744073709551617"), OPTIONS_ERROR); /* 1 in 64 bits */
}

static void options_on_the_command_line_are_recorded(void **state) {
  (void)state;
  assert_int_equal(PARSE("-B64", "--sha", "round", "x"), OPTIONS_RUN);
  for (int row = 0; rows[row].name; row++) {
    const bool typed = !strcmp(rows[row].name, "lanes") || !strcmp(rows[row].name, "shape");
    assert_int_equal(line.given[row], typed);
  }
  assert_int_equal(PARSE(NULL), OPTIONS_RUN);
  assert_false(line.given[1]);
}

static void options_may_follow_operands_and_be_abbreviated(void **state) {
  (void)state;
  assert_int_equal(PARSE("a", "--la", "3", "-", "-lB9", "b"), OPTIONS_RUN);
  assert_int_equal(settings.lanes, 9); /* the last one wins */
  assert_true(settings.loud);
  assert_int_equal(line.operands, 4);
  assert_string_equal(argv[4], "a");
  assert_string_equal(argv[5], "-");
  assert_string_equal(argv[6], "b");
}

static void two_dashes_end_the_options(void **state) {
  (void)state;
  assert_int_equal(PARSE("-l", "--", "-B", "--lanes"), OPTIONS_RUN);
  assert_int_equal(settings.lanes, 64);
  assert_int_equal(line.operands, 3);
  assert_string_equal(argv[3], "-B");
}

static void help_and_version_end_the_parsing(void **state) {
  (void)state;
  assert_int_equal(PARSE("-l", "--help"), OPTIONS_HELP);
  assert_null(line.topic);
  assert_int_equal(PARSE("-h"), OPTIONS_HELP);
  assert_null(line.topic);
  assert_int_equal(PARSE("--help=man"), OPTIONS_HELP);
  assert_string_equal(line.topic, "man");
  assert_int_equal(PARSE("--version"), OPTIONS_VERSION);
  assert_int_equal(PARSE("-V", "--nonsense"), OPTIONS_VERSION);
}

static void numbers_are_whole_arguments(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int as_int, as_real; /* whether it is one: only real numbers may have a sign */
  } numbers[] = {
      {"4", 1, 1},    {"007", 1, 1},    {"4x", 0, 0},    {"", 0, 0},      {"nan", 0, 0},
      {"inf", 0, 0},  {"-inf", 0, 0},   {"0x10", 0, 0},  {"+0x10", 0, 0}, {"-0x1", 0, 0},
      {"-1", 0, 1},   {"+4", 0, 1},     {"1e999", 0, 0}, {"1e1", 0, 1},   {" 4", 0, 0},
      {"4 ", 0, 0},   {"4.5", 0, 1},    {".5", 0, 1},    {"5.", 0, 1},    {".", 0, 0},
      {"-", 0, 0},    {"--1", 0, 0},    {"1e", 0, 0},    {"1,5", 0, 0},   {"4;", 0, 0},
      {"four", 0, 0}, {"1e-999", 0, 1}, {"+-1", 0, 0},   {"1 2", 0, 0},   {"infinity", 0, 0}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    const char *text = numbers[i].text;
    if ((PARSE("-B", text) == OPTIONS_RUN) != numbers[i].as_int) fail_msg("-B '%s'", text);
    if ((PARSE("--seed", text) == OPTIONS_RUN) != numbers[i].as_int) fail_msg("--seed '%s'", text);
    if ((PARSE("-r", text) == OPTIONS_RUN) != numbers[i].as_real) fail_msg("-r '%s'", text);
  }
}

static void durations_have_units(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double seconds; /* 0: refused */
  } times[] = {{"90", 90},     {"90s", 90},  {"10m", 600},  {"2h", 7200},  {"1d", 86400},
               {"0.5h", 1800}, {"1.5", 1.5}, {"1e2s", 100}, {"10q", 0},    {"0s", 0},
               {"0", 0},       {"-1s", 0},   {"10 m", 0},   {"10ms", 0},   {"m", 0},
               {"", 0},        {"1h30m", 0}, {"10M", 0},    {"1e308d", 0}, {"inf", 0},
               {"nan", 0},     {"0x10s", 0}};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    OptionsWish wish = PARSE("--time", times[i].text);
    if ((wish == OPTIONS_RUN) != (times[i].seconds > 0)) fail_msg("'%s'", times[i].text);
    if (wish == OPTIONS_RUN) assert_true(settings.time == times[i].seconds);
  }
}

static void sizes_have_units(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t bytes; /* 0: refused */
  } sizes[] = {{"800", 800},
               {"800k", 800000},
               {"64M", 64000000},
               {"2.5G", 2500000000},
               {"1T", 1000000000000},
               {"1e3", 1000},
               {"0", 0},
               {"0.5", 0},
               {"64m", 0},
               {"64K", 0},
               {"64MB", 0},
               {"-1M", 0},
               {"1e5T", 0},
               {"", 0},
               {"M", 0},
               {"inf", 0},
               {"64 M", 0}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    const OptionsWish wish = PARSE("--room", sizes[i].text);
    if ((wish == OPTIONS_RUN) != (sizes[i].bytes > 0)) fail_msg("'%s'", sizes[i].text);
    if (wish == OPTIONS_RUN) assert_int_equal(settings.room, sizes[i].bytes);
  }
}

typedef struct {
  const char *words[WORDS], *text;
} WrongLine;

static void assert_errors(const WrongLine *wrong, size_t n) {
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(parse(&program, wrong[i].words), OPTIONS_ERROR);
    assert_string_equal(why.text, wrong[i].text);
  }
}

/* The message names the option as typed, the value, and the valid values. */
static void an_error_names_option_value_and_range(void **state) {
  (void)state;
  static const WrongLine wrong[] = {
      {{"-B", "0"}, "-B '0': must be a whole number, 1..1000"},
      {{"-B1001"}, "-B '1001': must be a whole number, 1..1000"},
      {{"--lanes", "many"}, "--lanes 'many': must be a whole number, 1..1000"},
      {{"--lanes=-1"}, "--lanes '-1': must be a whole number, 1..1000"},
      {{"--width=10"}, "--width '10': must be a whole number, 1..9, or auto"},
      {{"--width=N"}, "--width 'N': must be a whole number, 1..9, or auto"},
      {{"-lB", "0"}, "-B '0': must be a whole number, 1..1000"},
      {{"-lB0"}, "-B '0': must be a whole number, 1..1000"},
      {{"--seed", "-1"}, "--seed '-1': must be a whole number, 0..1000000000000000000"},
      {{"--seed", "99999999999999999999"},
       "--seed '99999999999999999999': must be a whole number, 0..1000000000000000000"},
      {{"-r", "-10.5"}, "-r '-10.5': must be a number, -10..20"},
      {{"-r", "nan"}, "-r 'nan': must be a number, -10..20"},
      {{"a", "--time", "0"}, "--time '0': must be a time above 0 such as 90s, 10m or 2h"},
      {{"--room", "64MB"},
       "--room '64MB': must be a number of bytes above 0 such as 800k, 64M or 2G"},
      {{"-c", "pink"}, "-c 'pink': must be one of red|green|blue"},
      {{"-c", ""}, "-c '': must be one of red|green|blue"},
      {{"-c", "gree"}, "-c 'gree': must be one of red|green|blue; did you mean green?"},
      {{"--colour", "BLUE"}, "--colour 'BLUE': must be one of red|green|blue; did you mean blue?"},
      {{"-c", "red|green"}, "-c 'red|green': must be one of red|green|blue"},
      {{"-o", ""}, "-o '': must be a name, not nothing"},
      {{"--again="}, "--again '': must be auto, or nothing"},
      {{"--again=yes"}, "--again 'yes': must be auto, or nothing"},
  };
  assert_errors(wrong, sizeof wrong / sizeof *wrong);
}

static void an_error_names_the_option_that_is_unknown_or_incomplete(void **state) {
  (void)state;
  static const WrongLine wrong[] = {
      {{"-B"}, "option '-B' needs a value"},
      {{"a", "--lanes"}, "option '--lanes' needs a value"},
      {{"--nonsense"}, "unknown option '--nonsense'; see --help"},
      {{"--nonsense=1", "a"}, "unknown option '--nonsense=1'; see --help"},
      {{"--lans", "3"}, "unknown option '--lans'; did you mean --lanes?"},
      {{"--lans=3"}, "unknown option '--lans=3'; did you mean --lanes?"},
      {{"a", "--hlep"}, "unknown option '--hlep'; did you mean --help?"},
      {{"-lanes", "3"}, "unknown option '-a'; see --help"},
      {{"-tiem=3"}, "unknown option '-tiem=3'; did you mean --time?"},
      {{"-haste"}, "unknown option '-h'; see --help"},
      {{"-b3"}, "unknown option '-b'; did you mean -B?"},
      {{"-rate", "3"}, "-r 'ate': must be a number, -10..20; did you mean --rate?"},
      {{"-rate=3"}, "-r 'ate=3': must be a number, -10..20; did you mean --rate?"},
      {{"-:"}, "unknown option '-:'; see --help"},
      {{"--=3"}, "unknown option '--=3'; see --help"},
      {{"--loud=1"}, "--loud=1: takes no value; write --loud"},
      {{"a", "b", "-B"}, "option '-B' needs a value"},
      {{"a", "--lanes"}, "option '--lanes' needs a value"},
      {{"--lo=1"}, "--lo=1: takes no value; write --lo"},
      {{"--l"}, "option '--l' is ambiguous: it may be --loud or --lanes; write more of it"},
      {{"--l=3"}, "option '--l' is ambiguous: it may be --loud or --lanes; write more of it"},
      {{"a", "-z", "b"}, "unknown option '-z'; see --help"},
      {{"-l", "-zl"}, "unknown option '-z'; see --help"},
  };
  assert_errors(wrong, sizeof wrong / sizeof *wrong);
}

/* An abbreviation that fits two options is an error, and so is a value for a flag. */
static void ambiguous_options_are_refused(void **state) {
  (void)state;
  assert_int_equal(PARSE("--l"), OPTIONS_ERROR);
  assert_non_null(strstr(why.text, "'--l'"));
  assert_int_equal(PARSE("--loud=1"), OPTIONS_ERROR);
  assert_non_null(strstr(why.text, "--loud=1: takes no value"));
}

static void a_switch_takes_a_word_only_after_an_equals_sign(void **state) {
  (void)state;
  assert_int_equal(PARSE("a"), OPTIONS_RUN);
  assert_int_equal(settings.again, 0);
  assert_int_equal(PARSE("--again", "auto"), OPTIONS_RUN);
  assert_int_equal(settings.again, 1);
  assert_string_equal(argv[line.operands], "auto");
  assert_int_equal(PARSE("--again=auto"), OPTIONS_RUN);
  assert_int_equal(settings.again, 2);
}

/* Restores the settings from their text, and checks that they are the same. */
static void expect_same_after_restoring(void) {
  Settings others = {0};
  char text[64];
  options_default(&program, &others);
  for (int i = 0; rows[i].name; i++) {
    option_value(&rows[i], &settings, text, sizeof text);
    if (rows[i].type < OPTION_TEXT) assert_int_equal(option_restore(&rows[i], &others, text), 0);
  }
  assert_int_equal(others.loud, settings.loud);
  assert_int_equal(others.again, settings.again);
  assert_int_equal(others.lanes, settings.lanes);
  assert_int_equal(others.seed, settings.seed);
  assert_true(others.rate == settings.rate);
  assert_true(others.time == settings.time);
  assert_int_equal(others.room, settings.room);
  assert_int_equal(others.copies, settings.copies);
  assert_int_equal(others.width, settings.width);
  assert_int_equal(others.colour, settings.colour);
  assert_int_equal(option_restore(&rows[10], &others, "square"), 0);
  assert_int_equal(others.shape, 1);
}

static void auto_is_stored_as_a_value_below_the_range(void **state) {
  (void)state;
  char text[64];
  PARSE(NULL);
  assert_int_equal(settings.width, 0);
  PARSE("--width", "3", "--width", "auto");
  assert_int_equal(settings.width, 0);
  option_value(&rows[13], &settings, text, sizeof text);
  assert_string_equal(text, "auto");
  expect_same_after_restoring();
  PARSE("--width", "3");
  assert_int_equal(settings.width, 3);
  expect_same_after_restoring();
}

static void an_absent_number_is_not_zero(void **state) {
  (void)state;
  char text[64];
  PARSE(NULL);
  assert_int_equal(settings.copies, -1);
  option_value(&rows[12], &settings, text, sizeof text);
  assert_string_equal(text, "");
  PARSE("--copies=0");
  assert_int_equal(settings.copies, 0);
  expect_same_after_restoring();
}

static void the_text_of_a_value_restores_it(void **state) {
  (void)state;
  PARSE(NULL);
  expect_same_after_restoring();
  PARSE("-l", "--again", "-r0.1234567890123456789", "--time=1.1s", "-cred", "--seed=0");
  assert_true(settings.rate == 0.1234567890123456789);
  expect_same_after_restoring();
  PARSE("--again=auto", "-r-3e-7", "--room=1.5k");
  expect_same_after_restoring();
  assert_int_equal(option_restore(&rows[0], &settings, "maybe"), -1);
  assert_int_equal(option_restore(&rows[1], &settings, "1001"), -1);
  assert_int_equal(option_restore(&rows[1], &settings, ""), -1);
  assert_int_equal(option_restore(&rows[4], &settings, "0"), -1); /* it has a default */
  assert_int_equal(option_restore(&rows[5], &settings, "pink"), -1);
  assert_int_equal(option_restore(&rows[6], &settings, "never"), -1);
}

static void values_are_printed_as_a_user_types_them(void **state) {
  (void)state;
  static const char *const values[] = {"yes", "7", "5", "0.25", "90",       "blue", "no",
                                       "x",   "b", "y", "",     "64000000", "0",    "auto"};
  char text[64];
  assert_int_equal(PARSE("-lB7", "--seed=5", "--time=90s", "-cblue", "-ox", "-na", "-nb",
                         "--tint=y", "--room=64M", "--copies=0"),
                   OPTIONS_RUN);
  for (int i = 0; rows[i].name; i++) {
    option_value(&rows[i], &settings, text, sizeof text);
    assert_string_equal(text, values[i]);
  }
  assert_int_equal(PARSE(NULL), OPTIONS_RUN);
  option_value(&rows[7], &settings, text, sizeof text);
  assert_string_equal(text, "");
}

static void a_list_has_every_text_in_order(void **state) {
  (void)state;
  enum { MANY = OPTION_TEXTS_MAX + 1 };
  PARSE(NULL);
  assert_int_equal(settings.names.n, 0);
  assert_int_equal(PARSE("-n", "one", "--name", "two", "--name=one"), OPTIONS_RUN);
  assert_int_equal(settings.names.n, 3);
  assert_string_equal(settings.names.text[0], "one");
  assert_string_equal(settings.names.text[1], "two");
  assert_string_equal(settings.names.text[2], "one");
  assert_int_equal(PARSE("-n", ""), OPTIONS_ERROR);
  static char name[] = "prog", word[] = "-nx";
  char *many[MANY + 2] = {name};
  for (int i = 1; i <= MANY; i++) many[i] = word;
  settings.names.n = 0;
  assert_int_equal(options_parse(&program, &settings, MANY, many, &line, &why), 0);
  settings.names.n = 0;
  assert_int_equal(options_parse(&program, &settings, MANY + 1, many, &line, &why), -1);
}

static void an_option_is_valid_with_the_words_of_its_group(void **state) {
  (void)state;
  assert_int_equal(PARSE("--tint=x", "-cred"), OPTIONS_RUN); /* in any order */
  assert_int_equal(PARSE("-cblue", "--tint=x"), OPTIONS_RUN);
  assert_int_equal(PARSE("-cgreen"), OPTIONS_RUN);
  assert_int_equal(PARSE("--tint=x"), OPTIONS_ERROR);
  assert_string_equal(why.text, "--tint: goes with --colour red|blue, not with 'green'");
}

static void options_conflict_only_if_both_have_these_values(void **state) {
  (void)state;
  assert_int_equal(CLASH("-r", "1"), OPTIONS_RUN);
  assert_int_equal(CLASH("-B", "64"), OPTIONS_RUN);
  assert_int_equal(CLASH("-r", "0.25", "-B", "64"), OPTIONS_ERROR); /* defaults, but given */
  assert_string_equal(why.text, "--rate: no lanes");
  assert_int_equal(CLASH("--lanes=64", "--rate=1"), OPTIONS_ERROR);
  assert_int_equal(CLASH("--time", "2", "--colour=green"), OPTIONS_RUN);
  assert_int_equal(CLASH("--time", "2", "--colour=blue"), OPTIONS_ERROR);
  assert_int_equal(CLASH("--colour=blue", "--time", "1"), OPTIONS_RUN);
  assert_int_equal(CLASH("--seed", "1", "--shape", "round"), OPTIONS_RUN);
  assert_int_equal(CLASH("--seed", "1", "--shape", "square", "-l"), OPTIONS_RUN);
  assert_int_equal(CLASH("--seed", "1", "-l"), OPTIONS_RUN);
  assert_int_equal(CLASH("-l", "--shape", "round", "--seed", "1"), OPTIONS_ERROR);
  assert_string_equal(why.text, "--seed: no noise");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_not_given_have_their_defaults),
      cmocka_unit_test(every_type_is_set_by_letter_and_by_name),
      cmocka_unit_test(the_ends_of_a_range_belong_to_it),
      cmocka_unit_test(options_on_the_command_line_are_recorded),
      cmocka_unit_test(options_may_follow_operands_and_be_abbreviated),
      cmocka_unit_test(two_dashes_end_the_options),
      cmocka_unit_test(help_and_version_end_the_parsing),
      cmocka_unit_test(numbers_are_whole_arguments),
      cmocka_unit_test(sizes_have_units),
      cmocka_unit_test(auto_is_stored_as_a_value_below_the_range),
      cmocka_unit_test(an_absent_number_is_not_zero),
      cmocka_unit_test(durations_have_units),
      cmocka_unit_test(an_error_names_option_value_and_range),
      cmocka_unit_test(an_error_names_the_option_that_is_unknown_or_incomplete),
      cmocka_unit_test(ambiguous_options_are_refused),
      cmocka_unit_test(a_switch_takes_a_word_only_after_an_equals_sign),
      cmocka_unit_test(the_text_of_a_value_restores_it),
      cmocka_unit_test(values_are_printed_as_a_user_types_them),
      cmocka_unit_test(a_list_has_every_text_in_order),
      cmocka_unit_test(an_option_is_valid_with_the_words_of_its_group),
      cmocka_unit_test(options_conflict_only_if_both_have_these_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
