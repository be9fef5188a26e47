// Brian2's loop asks for the process's CPU time after every step: a system call that costs more than the step of
// a small network. The wall clock needs none, and to a few milliseconds it costs next to nothing.
#include <time.h>
extern "C" clock_t clock() noexcept
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * CLOCKS_PER_SEC + now.tv_nsec / (1000000000 / CLOCKS_PER_SEC);
}
