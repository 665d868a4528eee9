#include "kernels.h"

extern const Kernels kernels_baseline;

#ifdef KERNELS_X86_64
extern const Kernels kernels_v3, kernels_v4;

const Kernels *kernels_level(int level) {
  __builtin_cpu_init();
  int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
  int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
  switch (level) {
  case 0: return &kernels_baseline;
  case 1: return v3 ? &kernels_v3 : 0;
  case 2: return v4 ? &kernels_v4 : 0;
  default: return 0;
  }
}
#else
const Kernels *kernels_level(int level) { return level == 0 ? &kernels_baseline : 0; }
#endif

const Kernels *kernels_best(void) {
  const Kernels *best = &kernels_baseline;
  for (int level = 1; level <= 2; level++)
    if (kernels_level(level)) best = kernels_level(level);
  return best;
}
