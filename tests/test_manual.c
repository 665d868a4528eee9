#include "cli/manual.h"

#include "prediction/predict_options.h"
#include "run/train_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const Program *const programs[] = {&train_program, &predict_program};
static CommandLine parsed;
static Why why;

static void every_row_is_complete_and_every_name_is_unique(void **state) {
  (void)state;
  for (int p = 0; p < 2; p++)
    for (const Option *a = programs[p]->options; a->name; a++) {
      if (!a->help || !*a->help || !a->group || !*a->group || !a->argument) fail_msg("%s", a->name);
      if ((a->type == OPTION_FLAG) != !*a->argument) fail_msg("%s has no argument", a->name);
      if (strchr("hV", a->letter) && a->letter) fail_msg("%s takes -%c", a->name, a->letter);
      assert_string_not_equal(a->name, "help");
      assert_string_not_equal(a->name, "version");
      for (const Option *b = programs[p]->options; b < a; b++) {
        assert_string_not_equal(a->name, b->name);
        if (a->letter == b->letter && a->letter) fail_msg("-%c stands twice", a->letter);
      }
    }
}

/* Completions offer options by the words of one other option. */
static void all_groups_refer_to_the_same_option(void **state) {
  (void)state;
  assert_null(options_chooser(&train_program));
  for (const Option *o = predict_program.options; o->name; o++)
    if (options_condition(o)) assert_memory_equal(o->group, "with --mode ", 12);
  assert_string_equal(options_chooser(&predict_program)->name, "mode");
}

/* Each default, given on the command line, is accepted and changes nothing. */
static void every_default_parses_and_is_in_range(void **state) {
  (void)state;
  union {
    TrainOptions train;
    PredictOptions predict;
  } without, with;
  for (int p = 0; p < 2; p++)
    for (const Option *o = programs[p]->options; o->name; o++) {
      char word[128], mode[32], name[8] = "prog";
      if (!o->fallback) continue;
      if (sscanf(o->group, "with %24[a-z -]", mode) != 1) strcpy(mode, "--");
      if (strchr(mode, ' ')) *strchr(mode, ' ') = '=';
      const int alone = strcmp(mode, "--") == 0; /* it fits all modes */
      memset(&without, 0, sizeof without);
      memset(&with, 0, sizeof with);
      options_default(programs[p], &without);
      options_default(programs[p], &with);
      snprintf(word, sizeof word, "--%s=%s", o->name, o->fallback);
      char *plain[] = {name, alone ? NULL : mode, NULL},
           *given[] = {name, word, alone ? NULL : mode, NULL};
      assert_int_equal(options_parse(programs[p], &without, 2 - alone, plain, &parsed, &why), 0);
      if (options_parse(programs[p], &with, 3 - alone, given, &parsed, &why) != OPTIONS_RUN)
        fail_msg("%s", why.text);
      assert_memory_equal(&with, &without, sizeof with);
    }
}

static void seeds_are_limited_to_exact_json_numbers(void **state) {
  (void)state;
  TrainOptions options;
  char name[8] = "prog", word[] = "--seed=9007199254740992", *words[] = {name, word, NULL};
  if (options_parse(&train_program, &options, 2, words, &parsed, &why) != OPTIONS_RUN)
    fail_msg("%s", why.text);
  assert_true(options.seed == (uint64_t)1 << 53);
  strcpy(word, "--seed=9007199254740993"); /* not a double, thus not exact in R or pandas */
  assert_int_equal(options_parse(&train_program, &options, 2, words, &parsed, &why), -1);
}

/* The output of manual_answer, which a child runs because it closes standard output. */
static char *answer_line(const Program *of, OptionsWish wish, const CommandLine *line,
                         int wanted_code) {
  static char text[1 << 16];
  int status;
  FILE *file = tmpfile();
  assert_non_null(file);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(fileno(file), STDOUT_FILENO);
    _exit(manual_answer(of, wish, line, "0.3", "baseline", &why));
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), wanted_code);
  rewind(file);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  return text;
}

static char *answer(const Program *of, OptionsWish wish, const char *about, int wanted_code) {
  const CommandLine line = {.topic = about};
  return answer_line(of, wish, &line, wanted_code);
}

static void the_help_names_every_option_in_80_columns(void **state) {
  (void)state;
  for (int p = 0; p < 2; p++) {
    char *text = answer(programs[p], OPTIONS_HELP, NULL, 0), name[64];
    for (const Option *o = programs[p]->options; o->name; o++) {
      snprintf(name, sizeof name, "%s--%s%s", o->letter ? ", " : "  ", o->name,
               o->type == OPTION_SWITCH ? "[=" : " ");
      if (!strstr(text, name)) fail_msg("'%s' is not in the help", name);
      if (o->fallback && !strstr(text, o->fallback)) fail_msg("the default of %s", name);
    }
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
      if (strlen(line) > 80) fail_msg("%s", line);
  }
}

/* An example without --mode is one of the default, next. */
static void the_help_of_a_mode_has_only_its_examples(void **state) {
  (void)state;
  static const char *const modes[] = {"classify", "next", "trace", "info"};
  static const int commands[] = {1, 1, 2, 0};
  for (int i = 0; i < 4; i++) {
    CommandLine line = {.topic = NULL};
    char option[64];
    snprintf(line.chosen, sizeof line.chosen, "%s", modes[i]);
    snprintf(option, sizeof option, "rnnpredict --mode %s ", modes[i]);
    const char *text = strstr(answer_line(&predict_program, OPTIONS_HELP, &line, 0), "\nexamples:");
    assert_int_equal(text != NULL, commands[i] > 0);
    int found = 0, own = 0;
    for (const char *at = text; at && (at = strstr(at, "\n  rnnpredict ")); at++) {
      found++;
      own += i == 1 ? !strstr(at, "--mode") : strncmp(at + 3, option, strlen(option)) == 0;
    }
    assert_int_equal(found, commands[i]);
    assert_int_equal(own, commands[i]);
  }
}

static void every_page_names_every_option(void **state) {
  (void)state;
  static const char *const pages[] = {"man", "bash", "zsh", "fish"};
  static const char *const dashes[] = {"\\-\\-", "--", "--", " -l "};
  for (int p = 0; p < 2; p++)
    for (int page = 0; page < 4; page++) {
      char *text = answer(programs[p], OPTIONS_HELP, pages[page], 0), name[64], *to;
      for (const Option *o = programs[p]->options; o->name; o++) {
        to = name + sprintf(name, "%s", dashes[page]);
        for (const char *c = o->name; *c; c++)
          to += sprintf(to, page == 0 && *c == '-' ? "\\-" : "%c", *c);
        if (!strstr(text, name)) fail_msg("'%s' is not in the page for %s", name, pages[page]);
      }
    }
  assert_string_equal(answer(programs[0], OPTIONS_HELP, "html", 2), "");
  assert_memory_equal(answer(programs[0], OPTIONS_VERSION, NULL, 0), "rnntrain ", 9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_is_complete_and_every_name_is_unique),
      cmocka_unit_test(all_groups_refer_to_the_same_option),
      cmocka_unit_test(every_default_parses_and_is_in_range),
      cmocka_unit_test(seeds_are_limited_to_exact_json_numbers),
      cmocka_unit_test(the_help_names_every_option_in_80_columns),
      cmocka_unit_test(the_help_of_a_mode_has_only_its_examples),
      cmocka_unit_test(every_page_names_every_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
