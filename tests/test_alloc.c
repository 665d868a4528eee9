#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static void an_array_grows_in_few_steps_and_keeps_its_elements(void **state) {
  (void)state;
  int *array = NULL;
  size_t room = 0, moves = 0;
  for (size_t n = 0; n < 100000; n++) {
    const size_t before = room;
    array = alloc_grow(array, &room, n + 1, sizeof *array);
    assert_true(room > n);
    assert_true(room <= 2 * n + 32);
    moves += room != before;
    array[n] = (int)(3 * n);
  }
  assert_true(moves < 30);
  for (size_t n = 0; n < 100000; n++) assert_int_equal(array[n], 3 * n);
  free(array);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_array_grows_in_few_steps_and_keeps_its_elements)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
