// The least a plastic row can cost: every weight is read, changed and written, every postsynaptic current too.
// REAL is the type of both.
#include <cstdio>
#include <cstdlib>
#include <vector>
#include <time.h>

int main(int argc, char** argv)
{
    const size_t rows = std::atoi(argv[1]), columns = std::atoi(argv[2]), steps = std::atoi(argv[3]), each = std::atoi(argv[4]);
    std::vector<REAL> weights(rows*columns, 1e-3), current(columns, 0.0), change(columns, 1e-9);
    timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (size_t step = 0; step < steps; step++)
        for (size_t k = 0; k < each; k++)
        {
            REAL* __restrict w = weights.data() + ((step + k*(rows/each)) % rows)*columns;
            REAL* __restrict post = current.data();
            const REAL* __restrict dw = change.data();
            for (size_t column = 0; column < columns; column++)
            {
                w[column] += dw[column];
                post[column] += w[column];
            }
        }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double sum = 0;
    for (const REAL value : current)
        sum += value;
    std::fprintf(stderr, "%g\n", sum);
    std::printf("%.9f\n", (end.tv_sec - begin.tv_sec) + 1e-9*(end.tv_nsec - begin.tv_nsec));
}
