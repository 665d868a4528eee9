#include "base/cpu.h"

bool cpu_has(int level) {
#ifdef LEVELS_X86_64
  __builtin_cpu_init();
  if (level >= CPU_V3 && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                           __builtin_cpu_supports("bmi2")))
    return false;
  if (level >= CPU_V4 &&
      !(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512cd")))
    return false;
  return level >= CPU_BASELINE && level < CPU_LEVELS;
#else
  return level == CPU_BASELINE;
#endif
}

CpuLevel cpu_best(void) {
  int level = CPU_LEVELS - 1;
  while (!cpu_has(level)) level--;
  return (CpuLevel)level;
}
