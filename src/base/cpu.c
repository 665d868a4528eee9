#include "base/cpu.h"

#ifdef LEVELS_X86_64
bool cpu_has(int level) {
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi2");
  switch (level) {
  case CPU_BASELINE: return true;
  case CPU_V3: return v3;
  case CPU_V4:
    return v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
  default: return false;
  }
}
#else
bool cpu_has(int level) { return level == CPU_BASELINE; }
#endif

CpuLevel cpu_best(void) {
  CpuLevel best = CPU_BASELINE;
  for (int level = CPU_BASELINE; level < CPU_LEVELS; level++)
    if (cpu_has(level)) best = (CpuLevel)level;
  return best;
}
