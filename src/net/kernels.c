#include "net/kernels.h"

#include "base/cpu.h"

extern const Kernels kernels_baseline;
#ifdef LEVELS_X86_64
extern const Kernels kernels_v3, kernels_v4;
static const Kernels *const kernels[CPU_LEVELS] = {&kernels_baseline, &kernels_v3, &kernels_v4};
#else
static const Kernels *const kernels[CPU_LEVELS] = {&kernels_baseline};
#endif

const Kernels *kernels_level(int level) { return cpu_has(level) ? kernels[level] : NULL; }

const Kernels *kernels_best(void) { return kernels[cpu_best()]; }
