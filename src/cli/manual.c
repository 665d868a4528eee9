#include "cli/manual.h"

#include "base/description.h"
#include "base/ranks.h"
#include "base/version.h"
#include "cli/completion.h"
#include "io/output.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 79, INDENT = 27 };

static const char bugs[] = "with the command, its messages and the output of --version.";

/* As in CITATION.cff. */
static const char citation[] = "The kmer-rnn authors. kmer-rnn: recurrent networks over the k-mers "
                               "of DNA, version " VERSION ".";

/* " (1..12) [4]": the range, if it is short enough to help, and the default. */
static void remark(const Option *option, char text[160]) {
  char range[64] = "";
  if (option->fallback && option->max < 10000) option_range(option, range);
  const char *fallback = option->fallback;
  snprintf(text, 160, "%s%s%s%s%s%s", *range ? " (" : "", range, *range ? ")" : "",
           fallback ? " [" : "", fallback ? fallback : "", fallback ? "]" : "");
}

/* Writes text from column `column` on, wrapped at WIDTH, further lines indented to `indent`. A line
 * may also end after one of a|b|c. */
static void wrap(FILE *out, const char *text, int column, int indent) {
  int space = 0; /* before the next word */
  for (const char *word = text; *word;) {
    int length = (int)strcspn(word, " \n|");
    const bool glued = word[length] == '|';
    length += glued;
    if (column > indent && column + space + length > WIDTH) {
      fprintf(out, "\n%*s", indent, "");
      column = indent;
      space = 0;
    }
    column += fprintf(out, "%*s%.*s", space, "", length, word);
    space = !glued;
    word += length;
    if (*word == '\n') {
      fprintf(out, "\n%*s", indent, "");
      column = indent;
      space = 0;
    }
    if (*word && !glued) word++;
  }
  fputc('\n', out);
}

/* The argument after an option's name: " N", or "[=auto]" if it is optional. */
static void argument_text(const Option *option, const char *argument, char text[128]) {
  *text = 0;
  if (option->type == OPTION_SWITCH)
    snprintf(text, 128, "[=%s]", argument);
  else if (option->type != OPTION_FLAG)
    snprintf(text, 128, " %s", argument);
}

/* With the list of words of a choice, unless it is left out. */
static void help_option(FILE *out, const Option *option, bool list) {
  char names[256], text[1024], about[160], argument[128];
  argument_text(option, option->type == OPTION_CHOICE ? "WORD" : option->argument, argument);
  if (option->letter)
    snprintf(names, sizeof names, "  -%c, --%s%s", option->letter, option->name, argument);
  else
    snprintf(names, sizeof names, "      --%s%s", option->name, argument);
  remark(option, about);
  const int head = (int)strcspn(option->help, "\n");
  const bool words = option->type == OPTION_CHOICE && option->help[head] == 0;
  snprintf(text, sizeof text, "%.*s%s%s%s%s", head, option->help, words ? ": " : "",
           words ? option->argument : "", about, list ? option->help + head : "");
  int column = fprintf(out, "%s", names);
  if (column > INDENT - 2) column = fputc('\n', out) * 0;
  column += fprintf(out, "%*s", INDENT - column, "");
  wrap(out, text, column, INDENT);
}

/* NULL after the last one. */
static const char *next_line(const char *line) {
  const char *end = strchr(line, '\n');
  return end ? end + 1 : NULL;
}

/* The word after "--mode " in the line; NULL: there is none. */
static const char *word_in(const char *line, const Program *program) {
  char name[64];
  snprintf(name, sizeof name, "--%s ", options_chooser(program)->name);
  const char *found = strstr(line, name);
  return found && found < line + strcspn(line, "\n") ? found + strlen(name) : NULL;
}

static bool begins(const char *text, const char *word) {
  const size_t n = strlen(word);
  return strcspn(text, " \n") == n && strncmp(text, word, n) == 0;
}

/* Without the lines of other words than the chosen one, if one is chosen. */
static void usage(FILE *out, const Program *program, const char *chosen) {
  const char *before = "usage:";
  for (const char *line = program->usage; line; line = next_line(line)) {
    const char *word = *chosen ? word_in(line, program) : NULL;
    if (word && !begins(word, chosen)) continue;
    fprintf(out, "%s %s %.*s\n", before, program->name, (int)strcspn(line, "\n"), line);
    before = "      ";
  }
}

/* The paragraph of the description that begins with "Mode score:", if score is chosen. */
static void help_chosen(FILE *out, const Program *program, const char *chosen) {
  char begin[64], text[4096];
  snprintf(begin, sizeof begin, "\nMode %s: ", chosen);
  const char *paragraph = strstr(program->description, begin);
  if (!paragraph) return;
  const char *end = strstr(++paragraph, "\n\n");
  snprintf(text, sizeof text, "%.*s", end ? (int)(end - paragraph) : 4095, paragraph);
  fputc('\n', out);
  wrap(out, text, 0, 0);
}

static void help_options(FILE *out, const Program *program, const char *chosen) {
  const char *group = "";
  for (const Option *option = program->options; option->name; option++) {
    const char *words = options_condition(option);
    if (words && *chosen && option_find(words, chosen) < 0) continue;
    if (strcmp(group, option->group) != 0) fprintf(out, "\n%s:\n", group = option->group);
    help_option(out, option, !*chosen || option != options_chooser(program));
  }
}

/* The options that every program has. */
static void help_rest(FILE *out, const Program *program) {
  const Option *chooser = options_chooser(program);
  char text[128] = "This page";
  if (chooser)
    snprintf(text, sizeof text, "This page; with --%s WORD, the columns and options of this %s",
             chooser->name, chooser->name);
  fprintf(out, "\n  -h, --help[=WORD]        ");
  wrap(out, text, INDENT, INDENT);
  fprintf(out, "%*sman: the man page; " COMPLETION_SHELLS ": completions\n", INDENT, "");
  fputs("  -V, --version            Version, libraries and CPU type\n", out);
}

/* Whether a command of the examples has the chosen word, or none was chosen. */
static bool suits(const Program *program, const char *command, const char *chosen) {
  if (!*chosen) return true;
  const char *word = word_in(command, program);
  return begins(word ? word : options_chooser(program)->fallback, chosen);
}

static void help_examples(FILE *out, const Program *program, const char *chosen) {
  const char *heading = "\nexamples:\n";
  for (const char *comment = program->examples; comment;) {
    const char *command = next_line(comment);
    if (suits(program, command, chosen)) {
      fprintf(out, "%s  %.*s\n", heading, (int)strcspn(comment, "\n"), comment);
      fprintf(out, "  %.*s\n", (int)strcspn(command, "\n"), command);
      heading = "";
    }
    comment = next_line(command);
  }
}

/* The help; with --mode WORD, without the usage, options and examples of other modes. */
static void help(FILE *out, const Program *program, const char *chosen) {
  fprintf(out, "%s: %s\n\n", program->name, program->summary);
  usage(out, program, chosen);
  fputc('\n', out);
  wrap(out, program->operands, 0, 0);
  if (*chosen) help_chosen(out, program, chosen);
  help_options(out, program, chosen);
  help_rest(out, program);
  help_examples(out, program, chosen);
  fprintf(out, "\nexit codes: ");
  wrap(out, program->exit_codes, 12, 12);
  fprintf(out, "\nto cite: ");
  wrap(out, citation, 9, 9);
  if (*HOMEPAGE) fputs("\nHomepage and bug reports: " HOMEPAGE "\n", out);
}

/* Text for troff: a backslash, a leading point or quote and every hyphen are escaped. */
static void troff_part(FILE *out, const char *text, size_t n) {
  bool line_start = true;
  for (const char *end = text + n; text < end; text++) {
    if (line_start && (*text == '.' || *text == '\'')) fputs("\\&", out);
    line_start = *text == '\n';
    if (*text == '-')
      fputs("\\-", out);
    else if (*text == '\\')
      fputs("\\e", out);
    else
      fputc(*text, out);
  }
}

static void troff(FILE *out, const char *text) { troff_part(out, text, strlen(text)); }

/* A section; paragraphs "NAME: text" that begin with `word` are items; "": all are; NULL: none. */
static void man_section(FILE *out, const char *heading, const char *text, const char *word) {
  const char *const first = text;
  fprintf(out, ".SH %s\n", heading);
  for (const char *end; *text; text = end + strspn(end, "\n")) {
    end = strstr(text, "\n\n");
    if (!end) end = text + strlen(text);
    const bool item = word && strncmp(text, word, strlen(word)) == 0;
    if (!item && text > first) fputs(".PP\n", out);
    if (item) {
      const size_t name = strcspn(text, ":");
      fputs(".TP\n.B ", out);
      troff_part(out, text, name);
      text += name + strlen(": ");
      fprintf(out, "\n%c", toupper((unsigned char)*text++));
    }
    troff_part(out, text, (size_t)(end - text));
    fputc('\n', out);
  }
}

/* The place for bug reports is the homepage, if the build names one. */
static void man_bugs(FILE *out) {
  char text[1024];
  snprintf(text, sizeof text, "Report bugs %s, %s",
           *HOMEPAGE ? "at " HOMEPAGE : "to the distributor of the program", bugs);
  man_section(out, "BUGS", text, NULL);
}

static void man_authors(FILE *out) {
  char text[256];
  snprintf(text, sizeof text, "The kmer-rnn authors.\n\nTo cite: %s", citation);
  man_section(out, "AUTHORS", text, NULL);
}

static void man_option(FILE *out, const Option *option) {
  char about[160], argument[128];
  argument_text(option, option->argument, argument);
  remark(option, about);
  fputs(".TP\n.B ", out);
  if (option->letter) fprintf(out, "\\-%c\\fR, \\fB", option->letter);
  fputs("\\-\\-", out);
  troff(out, option->name);
  if (*argument) {
    fputs("\\fI", out);
    troff(out, argument);
  }
  fputs("\\fR\n", out);
  const size_t head = strcspn(option->help, "\n");
  troff_part(out, option->help, head);
  troff(out, about);
  fputs(".\n", out);
  for (const char *line = next_line(option->help); line; line = next_line(line)) {
    fputs(".br\n", out);
    troff_part(out, line, strcspn(line, "\n"));
    fputc('\n', out);
  }
}

static void man_head(FILE *out, const Program *program) {
  fputs(".TH ", out);
  for (const char *c = program->name; *c; c++) fputc(toupper((unsigned char)*c), out);
  fprintf(out, " 1 " RELEASED " \"kmer\\-rnn " VERSION "\" \"User Commands\"\n.SH NAME\n%s \\- ",
          program->name);
  troff(out, program->summary);
  fputs("\n.SH SYNOPSIS", out);
  for (const char *line = program->usage; line; line = next_line(line)) {
    fprintf(out, "\n%s.B %s\n", line == program->usage ? "" : ".br\n", program->name);
    troff_part(out, line, strcspn(line, "\n"));
  }
}

static void man_options(FILE *out, const Program *program) {
  const char *group = "";
  for (const Option *option = program->options; option->name; option++) {
    if (strcmp(group, option->group) != 0) {
      fputs(".SS ", out);
      troff(out, group = option->group);
      fputc('\n', out);
    }
    man_option(out, option);
  }
  const Option *chooser = options_chooser(program);
  fputs(".TP\n.B \\-h\\fR, \\fB\\-\\-help\\fR[=man|" COMPLETION_SHELLS "]\nThe options on a page",
        out);
  if (chooser)
    fprintf(out, ", with \\-\\-%s WORD only those of this %s", chooser->name, chooser->name);
  fputs("; this page; a completion for the shell.\n"
        ".TP\n.B \\-V\\fR, \\fB\\-\\-version\\fR\nVersion, libraries and CPU type.\n",
        out);
}

static void man(FILE *out, const Program *program) {
  man_head(out, program);
  fputc('\n', out);
  man_section(out, "DESCRIPTION", program->description, "Mode ");
  fputs(".PP\n", out);
  troff(out, program->operands);
  fputs("\n.SH OPTIONS\n", out);
  man_options(out, program);
  man_section(out, "EXIT STATUS", program->exit_codes, NULL);
  man_section(out, "ENVIRONMENT", program->environment, "");
  man_section(out, "FILES", program->files, "");
  man_bugs(out);
  fputs(".SH EXAMPLES\n.nf\n", out);
  troff(out, program->examples);
  fputs("\n\n.fi\n", out);
  man_authors(out);
  fprintf(out, ".SH SEE ALSO\n.BR %s (1)\n", program->see_also);
}

/* Whether the page exists. */
static bool write_page(FILE *out, const Program *program, const CommandLine *line) {
  if (line->topic && strcmp(line->topic, "man") != 0)
    return completion_write(out, program, line->topic);
  if (line->topic)
    man(out, program);
  else
    help(out, program, line->chosen);
  return true;
}

static void write_version(FILE *out, const Program *program, const char *library,
                          const char *level) {
  fprintf(out, "%s %s%s\nOpenBLAS %s; loops for %s\n", program->name, VERSION, DESCRIPTION, library,
          level);
  if (ranks_library()) fprintf(out, "MPI: %s\n", ranks_library());
  fprintf(out, "reads FASTA and FASTQ, plain or compressed with " FORMATS "\n");
  if (*HOMEPAGE) fputs("homepage and bug reports: " HOMEPAGE "\n", out);
}

int manual_answer(const Program *program, OptionsWish wish, const CommandLine *line,
                  const char *library, const char *level, Why *why) {
  enum { DONE, FAILED, USAGE };
  Output *output = output_open(NULL, why);
  FILE *out = output_stream(output);
  bool known = true;
  if (wish == OPTIONS_VERSION)
    write_version(out, program, library, level);
  else
    known = write_page(out, program, line);
  if (output_close(output, why) != 0) return FAILED;
  if (!known) fail(why, "--help '%s': must be one of man|" COMPLETION_SHELLS, line->topic);
  return known ? DONE : USAGE;
}

int manual_remind(const Program *program) {
  usage(stderr, program, "");
  fprintf(stderr, "%s --help lists the options\n", program->name);
  return 2;
}
