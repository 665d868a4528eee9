#include "cli/completion.h"

#include <string.h>

/* The words of "a|b|c", separated by blanks. */
static void put_words(FILE *out, const char *words) {
  for (; *words; words++) fputc(*words == '|' ? ' ' : *words, out);
}

/* The first line of text, a backslash before each of these letters, in single quotes of a shell. */
static void put_escaped(FILE *out, const char *text, const char *letters, const char *quote) {
  for (; *text && *text != '\n'; text++)
    if (*text == '\'')
      fputs(quote, out);
    else
      fprintf(out, "%s%c", strchr(letters, *text) ? "\\" : "", *text);
}

static bool takes_file(const Option *option) {
  return strstr(option->argument, "FILE") || strstr(option->argument, "DIR") ||
         strstr(option->argument, "MODEL");
}

/* The first option after this one that has another heading. */
static const Option *next_group(const Option *option) {
  const char *group = option->group;
  while (option->name && strcmp(option->group, group) == 0) option++;
  return option;
}

/* ---- bash ----------------------------------------------------------------------------------- */

static void bash_names(FILE *out, const Option *option, const Option *end) {
  for (; option < end; option++) fprintf(out, " --%s", option->name);
}

/* Sets options to those that are valid with the word given for the chooser. */
static void bash_options(FILE *out, const Program *program) {
  const Option *chooser = options_chooser(program), *end;
  fputs("  local i word= options=\"--help --version", out);
  for (const Option *option = program->options; option->name; option = end) {
    end = next_group(option);
    if (!options_condition(option)) bash_names(out, option, end);
  }
  fputs("\"\n", out);
  if (!chooser) return;
  fprintf(out,
          "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in\n"
          "    --%s) word=${COMP_WORDS[i+1]}; [ \"$word\" = = ] && word=${COMP_WORDS[i+2]};;\n"
          "    --%s=*) word=${COMP_WORDS[i]#*=};;\n    esac\n  done\n",
          chooser->name, chooser->name);
  for (const Option *option = program->options; option->name; option = end) {
    end = next_group(option);
    if (!options_condition(option)) continue;
    fprintf(out, "  case $word in ''|%s) options+=\"", options_condition(option));
    bash_names(out, option, end);
    fputs("\";; esac\n", out);
  }
}

static void bash(FILE *out, const Program *program) {
  fprintf(out,
          "_%s() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "  [ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
          "  [ \"$cur\" = = ] && { prev=${COMP_WORDS[COMP_CWORD-1]}; cur=; }\n"
          "  case $prev in\n",
          program->name);
  for (const Option *option = program->options; option->name; option++) {
    if (option->type != OPTION_CHOICE) continue;
    fprintf(out, "  --%s) COMPREPLY=($(compgen -W \"", option->name);
    put_words(out, option->argument);
    fputs("\" -- \"$cur\")); return;;\n", out);
  }
  fputs("  --help) COMPREPLY=($(compgen -W \"man ", out);
  put_words(out, COMPLETION_SHELLS);
  fputs("\" -- \"$cur\")); return;;\n  esac\n"
        "  [[ $cur = -* ]] || { mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return; }\n",
        out);
  bash_options(out, program);
  fprintf(out,
          "  COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n}\n"
          "complete -o filenames -F _%s %s\n",
          program->name, program->name);
}

/* ---- zsh ------------------------------------------------------------------------------------ */

/* ":N:", then the words or files that the argument may be. */
static void zsh_argument(FILE *out, const Option *option) {
  if (option->type == OPTION_FLAG) return;
  if (option->type != OPTION_CHOICE && option->type != OPTION_SWITCH) {
    fprintf(out, ":%s:%s", option->argument, takes_file(option) ? "_files" : "");
    return;
  }
  fputs(option->type == OPTION_SWITCH ? "::word:(" : ":word:(", out);
  put_words(out, option->argument);
  fputc(')', out);
}

static void zsh_option(FILE *out, const Option *option) {
  const char *equals = "=";
  if (option->type == OPTION_FLAG) equals = "";
  if (option->type == OPTION_SWITCH) equals = "=-";
  const char *again = option->type == OPTION_TEXTS ? "*" : "";
  if (option->letter)
    fprintf(out, "  '(-%c --%s)'{-%c%s,--%s%s}'[", option->letter, option->name, option->letter,
            *equals ? "+" : "", option->name, equals);
  else
    fprintf(out, "  '%s--%s%s[", again, option->name, equals);
  put_escaped(out, option->help, "[]:\\", "'\\''");
  fputc(']', out);
  zsh_argument(out, option);
  fputs("'\n", out);
}

static void zsh(FILE *out, const Program *program) {
  const Option *chooser = options_chooser(program), *end;
  fprintf(out, "#compdef %s\nlocal word before chosen\nlocal -a options\n", program->name);
  if (chooser)
    fprintf(out,
            "for word in $words; do\n  [[ $before == --%s ]] && chosen=$word\n"
            "  [[ $word == --%s=* ]] && chosen=${word#*=}\n  before=$word\ndone\n",
            chooser->name, chooser->name);
  for (const Option *option = program->options; option->name;) {
    const char *words = options_condition(option);
    if (words) fprintf(out, "[[ -z $chosen || $chosen == (%s) ]] && ", words);
    fputs("options+=(\n", out);
    for (end = next_group(option); option < end; option++) zsh_option(out, option);
    fputs(")\n", out);
  }
  fputs("_arguments $options \\\n  '(-h --help)'{-h,--help=-}'[The options, or a page]::word:(man ",
        out);
  put_words(out, COMPLETION_SHELLS);
  fputs(")' \\\n  '(-V --version)'{-V,--version}'[The version]' '*:file:_files'\n", out);
}

/* ---- fish ----------------------------------------------------------------------------------- */

/* A function that succeeds if none of the words, or one of its arguments, was chosen. */
static void fish_function(FILE *out, const Program *program, const char *chooser) {
  fprintf(
      out,
      "function __%s_%s\n  set -l chosen\n  set -l before\n"
      "  for word in (commandline -opc)\n"
      "    test \"$before\" = --%s; and set chosen $word\n"
      "    string match -q -- '--%s=*' $word; and set chosen (string split -m 1 = -- $word)[2]\n"
      "    set before $word\n  end\n"
      "  test -z \"$chosen\"; or contains -- $chosen $argv\nend\n",
      program->name, chooser, chooser, chooser);
}

static void fish_argument(FILE *out, const Option *option) {
  if (option->type == OPTION_CHOICE || option->type == OPTION_SWITCH) {
    fputs(option->type == OPTION_CHOICE ? " -x -a '" : " -f -a '", out);
    put_words(out, option->argument);
    fputc('\'', out);
  } else if (option->type != OPTION_FLAG) {
    fputs(takes_file(option) ? " -r -F" : " -x", out);
  }
}

static void fish_option(FILE *out, const Program *program, const Option *option) {
  const char *words = options_condition(option);
  fprintf(out, "complete -c %s -l %s", program->name, option->name);
  if (option->letter) fprintf(out, " -s %c", option->letter);
  fish_argument(out, option);
  if (words) {
    fprintf(out, " -n '__%s_%s ", program->name, options_chooser(program)->name);
    put_words(out, words);
    fputc('\'', out);
  }
  fputs(" -d '", out);
  put_escaped(out, option->help, "\\", "\\'");
  fputs("'\n", out);
}

static void fish(FILE *out, const Program *program) {
  const Option *chooser = options_chooser(program);
  if (chooser) fish_function(out, program, chooser->name);
  for (const Option *option = program->options; option->name; option++)
    fish_option(out, program, option);
  fprintf(out, "complete -c %s -l help -s h -f -a 'man ", program->name);
  put_words(out, COMPLETION_SHELLS);
  fprintf(out,
          "' -d 'The options, or a page'\n"
          "complete -c %s -l version -s V -f -d 'The version'\n",
          program->name);
}

bool completion_write(FILE *out, const Program *program, const char *shell) {
  if (strcmp(shell, "bash") == 0)
    bash(out, program);
  else if (strcmp(shell, "zsh") == 0)
    zsh(out, program);
  else if (strcmp(shell, "fish") == 0)
    fish(out, program);
  else
    return false;
  return true;
}
