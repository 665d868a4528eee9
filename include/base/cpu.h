/* cpu: the instruction sets for which loops are compiled, and a test for those of this CPU. */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>

/* In ascending order. The baseline is SSE2 on x86-64; on arm64 it is NEON, the only level. */
typedef enum { CPU_BASELINE, CPU_V3, CPU_V4 } CpuLevel;
enum { CPU_LEVELS = CPU_V4 + 1 };

/* Whether this build has loops for the level, and this CPU runs them. */
bool cpu_has(int level);

/* The highest such level. */
CpuLevel cpu_best(void);

#endif
