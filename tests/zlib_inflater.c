/* The inflater by zlib under other names, to be linked together with that by ISA-L. */
#define inflater_open     zlib_open
#define inflater_begin    zlib_begin
#define inflater_step     zlib_step
#define inflater_close    zlib_close
#define inflater_extra    zlib_extra
#define inflater_has_text zlib_has_text
#include "../src/io/inflater_zlib.c"
