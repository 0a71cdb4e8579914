// What the machine can do: a bare event-driven loop in float32 for the ff and shd networks, batch 1.
// No server, no generality, no error handling: each spike adds one row of weights, then the leaky
// neurons step. Reads the file that make_nets.py writes, prints one JSON line.
//
//     cc -O3 -march=native limit.c -o limit && ./limit ff.limit SECONDS

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static float *read_rows(FILE *file, int rows, int columns) {
    float *w = aligned_alloc(64, ((size_t)rows * columns * 4 + 63) / 64 * 64);
    if (fread(w, 4, (size_t)rows * columns, file) != (size_t)rows * columns) exit(1);
    return w;
}

static inline void add_row(float *restrict sum, const float *restrict row, int n) {
    for (int i = 0; i < n; i++) sum[i] += row[i];
}

// v = beta v + input; spike at v > 1; v = 0. Clears the input, returns the spikes' indices.
static int step(float *restrict v, float *restrict input, float beta, int n, int *spiked) {
    int count = 0;
    float fired[1024];
    for (int i = 0; i < n; i++) {
        float x = v[i] * beta + input[i];
        fired[i] = x > 1.f ? 1.f : 0.f;
        v[i] = x - fired[i] * x;
        input[i] = 0;
    }
    for (int i = 0; i < n; i++) {
        spiked[count] = i;
        count += fired[i] > 0;
    }
    return count;
}

static int by_size(const void *a, const void *b) {
    double d = *(double *)a - *(double *)b;
    return (d > 0) - (d < 0);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    FILE *file = fopen(argv[1], "rb");
    int32_t size[5];
    if (!file || fread(size, 4, 5, file) != 5) return 1;
    int inputs = size[0], hidden = size[1], outputs = size[2], recurrent = size[3], steps = size[4];
    float *w_in = read_rows(file, inputs, hidden);
    float *w_rec = recurrent ? read_rows(file, hidden, hidden) : NULL;
    float *w_out = read_rows(file, hidden, outputs);
    uint8_t *input = malloc((size_t)steps * inputs);
    if (fread(input, 1, (size_t)steps * inputs, file) != (size_t)steps * inputs) return 1;

    int *events = malloc((size_t)steps * inputs * sizeof(int)), *n_events = calloc(steps, sizeof(int));
    for (int t = 0; t < steps; t++)
        for (int i = 0; i < inputs; i++)
            if (input[t * inputs + i]) events[t * inputs + n_events[t]++] = i;

    float *v1 = calloc(hidden, 4), *v2 = calloc(outputs, 4);
    float *i1 = calloc(hidden, 4), *i2 = calloc(outputs, 4);
    int *z1 = calloc(hidden + 1, sizeof(int)), *z2 = calloc(outputs + 1, sizeof(int));
    int limit = 1 << 20, runs = 0;
    double *took = malloc(limit * sizeof(double)), until = cpu_ms() + atof(argv[2]) * 1e3;
    long n_synaptic = 0, n_output_spikes = 0;
    while (cpu_ms() < until && runs < limit) {
        double begun = cpu_ms();
        memset(v1, 0, hidden * 4);
        memset(v2, 0, outputs * 4);
        int n_z1 = 0;
        n_synaptic = n_output_spikes = 0;
        for (int t = 0; t < steps; t++) {
            for (int e = 0; e < n_events[t]; e++)
                add_row(i1, w_in + (size_t)events[t * inputs + e] * hidden, hidden);
            n_synaptic += (long)n_events[t] * hidden;
            if (recurrent) {
                for (int e = 0; e < n_z1; e++) add_row(i1, w_rec + (size_t)z1[e] * hidden, hidden);
                n_synaptic += (long)n_z1 * hidden;
            }
            n_z1 = step(v1, i1, .9f, hidden, z1);
            for (int e = 0; e < n_z1; e++) add_row(i2, w_out + (size_t)z1[e] * outputs, outputs);
            n_synaptic += (long)n_z1 * outputs;
            n_output_spikes += step(v2, i2, .95f, outputs, z2);
        }
        took[runs++] = cpu_ms() - begun;
    }
    double sum = 0;
    for (int r = 0; r < runs; r++) sum += took[r];
    qsort(took, runs, sizeof(double), by_size);
    printf("{\"n_runs\": %d, \"cpu_ms_per_inference\": %.5f, \"latency_ms_median\": %.5f, "
           "\"latency_ms_p99\": %.5f, \"synaptic_ops_per_inference\": %ld, \"n_output_spikes\": %ld}\n",
           runs, sum / runs, took[runs / 2], took[(long)runs * 99 / 100], n_synaptic, n_output_spikes);
    return 0;
}
