#include "sequence/letters.h"
#include "base/cpu.h"

extern const Letters letters_baseline;
#ifdef LEVELS_X86_64
extern const Letters letters_v3, letters_v4;
static const Letters *const letters[CPU_LEVELS] = {&letters_baseline, &letters_v3, &letters_v4};
#else
static const Letters *const letters[CPU_LEVELS] = {&letters_baseline};
#endif

const Letters *letters_level(int level) { return cpu_has(level) ? letters[level] : NULL; }

const Letters *letters_best(void) { return letters[cpu_best()]; }
