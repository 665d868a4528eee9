/* zlib's inflater under other names, beside ISA-L's. */
#define inflater_open     zlib_open
#define inflater_begin    zlib_begin
#define inflater_step     zlib_step
#define inflater_close    zlib_close
#define inflater_extra    zlib_extra
#define inflater_has_text zlib_has_text
#include "../src/io/inflater_zlib.c"
