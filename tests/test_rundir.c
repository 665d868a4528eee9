#include "run/rundir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static char home[] = "/tmp/test_rundir.XXXXXX";

static int enter(void **state) {
  (void)state;
  return mkdtemp(home) && chdir(home) == 0 ? 0 : -1;
}

static int leave(void **state) {
  (void)state;
  return chdir("/") != 0 || rmdir(home) != 0;
}

/* A run that has begun in run/. */
static RunDir *begin(void) {
  Why why = {""};
  RunDir *dir = rundir_claim("run/", RUN_NEW, &why);
  if (!dir || rundir_begin(dir, &why) != 0) fail_msg("%s", why.text);
  assert_true(rundir_log(dir, RUN_TIMESTEP_LOSS, true) >= 0);
  return dir;
}

static void write_one(RunDir *dir, RunFile file) {
  Why why = {""};
  AtomicFile *out = rundir_create(dir, file, &why);
  if (!out) fail_msg("%s", why.text);
  fputs("of this run", out->out);
  assert_int_equal(atomicfile_commit(out, &why), 0);
}

/* Checks that no file can be written, and that the reason contains the words. */
static void assert_refused(RunDir *dir, const char *words) {
  Why why;
  for (int file = RUN_MODEL; file < RUN_FILES; file++) {
    why.text[0] = 0;
    assert_null(rundir_create(dir, (RunFile)file, &why));
    if (!strstr(why.text, words)) fail_msg("%s", why.text);
  }
}

static void remove_all(const char *directory) {
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", directory);
  assert_int_equal(system(command), 0);
}

static void every_file_is_written_while_the_directory_is_in_its_place(void **state) {
  (void)state;
  RunDir *dir = begin();
  for (int file = RUN_MODEL; file < RUN_FILES; file++) {
    if (file == RUN_LOSS || file == RUN_TIMESTEP_LOSS) continue; /* logs are written to directly */
    write_one(dir, (RunFile)file);
    assert_int_equal(access(rundir_file(dir, (RunFile)file), F_OK), 0);
  }
  rundir_close(dir);
  remove_all("run");
}

static void no_file_is_written_once_another_directory_is_in_its_place(void **state) {
  (void)state;
  RunDir *dir = begin();
  assert_int_equal(rename("run", "moved"), 0);
  assert_refused(dir, "/moved; resume the run there");
  assert_int_equal(mkdir("run", 0777), 0);
  assert_refused(dir, "/moved; resume the run there");
  assert_int_equal(rmdir("run"), 0); /* so it is empty */
  assert_int_equal(symlink("moved", "run"), 0);
  write_one(dir, RUN_MODEL); /* the path leads there again */
  assert_int_equal(unlink("run"), 0);
  rundir_close(dir);
  remove_all("moved");
}

static void an_unfinished_file_moves_with_its_directory(void **state) {
  (void)state;
  Why why = {""};
  RunDir *dir = begin();
  AtomicFile *out = rundir_create(dir, RUN_MODEL, &why);
  assert_int_equal(rename("run", "moved"), 0);
  assert_int_equal(mkdir("run", 0777), 0);
  assert_int_equal(atomicfile_commit(out, &why), 0);
  assert_int_equal(access("moved/model.safetensors", F_OK), 0);
  assert_int_equal(rmdir("run"), 0);
  rundir_close(dir);
  remove_all("moved");
}

static void no_file_is_written_once_the_directory_was_removed(void **state) {
  (void)state;
  RunDir *dir = begin();
  remove_all("run");
  assert_refused(dir, "-o run: the directory was removed or replaced");
  assert_int_equal(mkdir("run", 0777), 0);
  assert_refused(dir, "-o run: the directory was removed or replaced");
  assert_int_equal(rmdir("run"), 0);
  rundir_close(dir);
}

static void no_file_is_written_once_the_log_with_the_lock_was_removed(void **state) {
  (void)state;
  RunDir *dir = begin();
  assert_int_equal(unlink("run/loss.tsv"), 0);
  assert_refused(dir, "run/loss.tsv: was removed or replaced");
  RunDir *other = begin();
  assert_refused(dir, "run/loss.tsv: was removed or replaced");
  write_one(other, RUN_MODEL);
  rundir_undo(dir); /* it must not affect the other run */
  assert_int_equal(access("run/model.safetensors", F_OK), 0);
  rundir_close(dir);
  rundir_close(other);
  remove_all("run");
}

static void a_failed_start_leaves_no_file(void **state) {
  (void)state;
  RunDir *dir = begin();
  write_one(dir, RUN_CHECKPOINT);
  rundir_undo(dir);
  assert_int_equal(access("run", F_OK), -1);
  rundir_close(dir);
  assert_int_equal(mkdir("run", 0777), 0); /* which the run has not made */
  dir = begin();
  rundir_undo(dir);
  rundir_close(dir);
  assert_int_equal(rmdir("run"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_file_is_written_while_the_directory_is_in_its_place),
      cmocka_unit_test(no_file_is_written_once_another_directory_is_in_its_place),
      cmocka_unit_test(an_unfinished_file_moves_with_its_directory),
      cmocka_unit_test(no_file_is_written_once_the_directory_was_removed),
      cmocka_unit_test(no_file_is_written_once_the_log_with_the_lock_was_removed),
      cmocka_unit_test(a_failed_start_leaves_no_file),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
