// What the templates of this package share: spikes on their way, the synapses of each neuron, and random
// numbers that do not keep a loop from becoming vector code.
#ifndef BRIAN2ZOO_DENSE_H
#define BRIAN2ZOO_DENSE_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace dense {

// A trace that decays in silence comes to numbers below the smallest normal one, 1e-38 or 2e-308, with which a processor
// takes a hundred times as long.
inline void take_tiny_numbers_for_zero()
{
#ifdef __SSE2__
    _mm_setcsr(_mm_getcsr() | 0x8040);  // results, and operands
#endif
}

// A set of a few things, in no order, that is filled anew at every step without asking for memory.
template <typename T>
class Few : std::vector<T> {
public:
    using std::vector<T>::begin;
    using std::vector<T>::end;
    using std::vector<T>::size;
    using std::vector<T>::empty;
    using std::vector<T>::clear;
    using typename std::vector<T>::iterator;
    iterator find(const T& one)
    {
        iterator place = begin();
        while (place != end() && *place != one)
            ++place;
        return place;
    }
    void insert(const T& one) { if (find(one) == end()) this->push_back(one); }
};

// Neurons that spiked, in order.
class Spikes {
    const int32_t* first;
    size_t number;
public:
    Spikes(const int32_t* first, const size_t number) : first(first), number(number) {}
    explicit Spikes(const std::vector<int32_t>& list) : first(list.data()), number(list.size()) {}
    bool empty() const { return number == 0; }
    size_t size() const { return number; }
    int32_t operator[](const size_t k) const { return first[k]; }
};

// Spikes wait in a ring of lists, one list a step; those without a delay are read where they are.
class SpikeRing {
    std::vector<std::vector<int32_t>> slots;
    size_t now = 0;
public:
    explicit SpikeRing(const size_t delay) : slots(delay + 1) {}

    // Takes the spikes of this step and returns those that arrive in it, counted from `start`. `events` are
    // ascending; only those from `start` up to, not including, `stop` belong to the projection.
    Spikes step(const int32_t* events, const int32_t number, const int32_t start, const int32_t stop)
    {
        const bool all = start == 0 && (number == 0 || events[number - 1] < stop);
        if (all && slots.size() == 1)
            return Spikes(events, number);
        std::vector<int32_t>& fresh = slots[now];
        if (all)
            fresh.assign(events, events + number);
        else
        {
            fresh.clear();
            for (int32_t k = 0; k < number; k++)
                if (events[k] >= start && events[k] < stop)
                    fresh.push_back(events[k] - start);
        }
        now = (now + 1) % slots.size();
        return Spikes(slots[now]);
    }

    size_t delay() const { return slots.size() - 1; }

    void clear()
    {
        for (std::vector<int32_t>& slot : slots)
            slot.clear();
    }
};

// The rings of all pathways.
inline std::map<std::string, SpikeRing>& rings()
{
    static std::map<std::string, SpikeRing> all;
    return all;
}

// What is on its way does not arrive.
inline void forget_spikes()
{
    for (auto& named : rings())
        named.second.clear();
}

// The ring of a pathway, which lasts over several runs, for the delay of all its synapses. A delay that was changed
// after code had been generated for one of all synapses ends the program, which would go wrong otherwise.
template <typename scalar>
SpikeRing& ring(const std::string& pathway, const std::vector<scalar>& delays, const double dt)
{
    const size_t steps = delays.empty() ? 0 : static_cast<size_t>(delays[0]/dt + 0.5);  // as Brian2 rounds it
    SpikeRing& found = rings().emplace(pathway, SpikeRing(steps)).first->second;
    bool same = found.delay() == steps;
    for (size_t k = 1; k < delays.size(); k++)
        same = same && delays[k] == delays[0];
    if (!same)
    {
        std::cerr << "the delays of " << pathway << " were changed after the first run" << std::endl;
        std::exit(1);
    }
    return found;
}

// A number as the bits it is stored in.
template <typename scalar> struct Bits;
template <> struct Bits<float> {
    typedef uint32_t type __attribute__((may_alias));
    enum : uint32_t { exponent = 0x7F800000 };
};
template <> struct Bits<double> {
    typedef uint64_t type __attribute__((may_alias));
    enum : uint64_t { exponent = 0x7FF0000000000000 };
};

// A bit for each of 32 bytes that are 0 or 1.
static inline uint32_t bits(const unsigned char* bytes)
{
#ifdef __AVX2__
    const __m256i all = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
    return _mm256_movemask_epi8(_mm256_slli_epi16(all, 7));
#else
    uint32_t set = 0;
    for (size_t first = 0; first < 32; first += 8)
    {
        uint64_t word;
        std::memcpy(&word, bytes + first, 8);
        // The lowest bits of eight bytes side by side, in order.
        set |= static_cast<uint32_t>((word*0x0102040810204080u) >> 56) << first;
    }
    return set;
#endif
}

// Writes the places of the bytes that are 1 of a whole number of blocks of 32 to a list that has room for them alone,
// and returns their number.
static inline long places(const unsigned char* bytes, const size_t number, int32_t* list)
{
    long count = 0;
    for (size_t first = 0; first < number; first += 32)
    {
        uint32_t set = bits(bytes + first);
        if (!set)
            continue;
#ifdef __AVX512F__
        const __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (size_t half = first; half < first + 32; half += 16, set >>= 16)
        {
            const uint32_t here = set & 0xFFFF, found = __builtin_popcount(here);
            const __m512i those = _mm512_add_epi32(numbers, _mm512_set1_epi32(half));
            _mm512_mask_storeu_epi32(list + count, (1u << found) - 1, _mm512_maskz_compress_epi32(here, those));
            count += found;
        }
#else
        for (; set; set &= set - 1)
            list[count++] = first + __builtin_ctz(set);
#endif
    }
    return count;
}

// One of two numbers, without a branch, which a processor would often guess wrong.
template <typename scalar>
static inline scalar either(const bool first, const scalar a, const scalar b)
{
    typename Bits<scalar>::type of_a, of_b;
    std::memcpy(&of_a, &a, sizeof a);
    std::memcpy(&of_b, &b, sizeof b);
    const typename Bits<scalar>::type mask = -static_cast<typename Bits<scalar>::type>(first);
    of_b = (of_a & mask) | (of_b & ~mask);
    scalar found;
    std::memcpy(&found, &of_b, sizeof found);
    return found;
}

// The synapses of each neuron, in stored order.
class Fans {
    std::vector<int32_t> begin, synapses, reached;
public:
    // `neurons` holds a neuron for each synapse, from `start` on.
    Fans(const std::vector<int32_t>& neurons, const int32_t start, const size_t number)
        : begin(number + 2, 0), synapses(neurons.size())
    {
        for (size_t k = 0; k < neurons.size(); k++)
            begin[neurons[k] - start + 2]++;
        for (size_t n = 2; n < begin.size(); n++)
            begin[n] += begin[n - 1];
        for (size_t k = 0; k < neurons.size(); k++)
            synapses[begin[neurons[k] - start + 1]++] = k;
    }
    // Those of all neurons that have spiked, one neuron after the other. In one list, so that a loop over it waits for the
    // memory of several neurons at a time.
    const std::vector<int32_t>& of(const Spikes& neurons)
    {
        reached.clear();
        for (size_t k = 0; k < neurons.size(); k++)
            reached.insert(reached.end(), synapses.data() + begin[neurons[k]], synapses.data() + begin[neurons[k] + 1]);
        return reached;
    }
};

// xoshiro128+ (Blackman and Vigna 2021, doi:10.1145/3460772), one generator a lane, so that a loop over lanes
// draws for several of them at a time. Every lane is seeded from Brian2's own generator, by way of splitmix64.
class Lanes {
    std::vector<uint32_t> state;
public:
    uint32_t *s0, *s1, *s2, *s3;

    template <typename Generator>
    Lanes(const size_t number, Generator& generator) : state(4*number)
    {
        s0 = state.data(), s1 = s0 + number, s2 = s1 + number, s3 = s2 + number;
        uint64_t seed = static_cast<uint64_t>(generator.rand()*9007199254740992.0);
        for (uint32_t& word : state)
        {
            seed += 0x9E3779B97F4A7C15u;
            uint64_t z = seed;
            z = (z ^ (z >> 30))*0xBF58476D1CE4E5B9u;
            z = (z ^ (z >> 27))*0x94D049BB133111EBu;
            word = static_cast<uint32_t>((z ^ (z >> 31)) >> 32);
        }
    }
};

// As many random bits as a number of the type can hold, at most 31: a signed number, which converts fast. The state is
// passed by pointer, one array a word, which is what the vectorizer sees through.
template <typename scalar>
static inline int32_t digits(uint32_t* s0, uint32_t* s1, uint32_t* s2, uint32_t* s3, const size_t lane)
{
    uint32_t a = s0[lane], b = s1[lane], c = s2[lane], d = s3[lane];
    const uint32_t sum = a + d, shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >> 21);
    s0[lane] = a, s1[lane] = b, s2[lane] = c, s3[lane] = d;
    return static_cast<int32_t>(sum >> (sizeof(scalar) == 4 ? 9 : 1));
}

// How many different values these bits have, as a number of the type.
template <typename scalar>
static inline scalar range()
{
    return scalar(1u << (sizeof(scalar) == 4 ? 22 : 30))*scalar(2);
}

// Uniform in (0, 1), never an end: a logarithm of it is finite.
template <typename scalar>
static inline scalar uniform(uint32_t* s0, uint32_t* s1, uint32_t* s2, uint32_t* s3, const size_t lane)
{
    return (static_cast<scalar>(digits<scalar>(s0, s1, s2, s3, lane)) + scalar(0.5))*(scalar(1)/range<scalar>());
}

// The largest digits whose `uniform` is below a number, -1 if there are none: all steps of this are exact.
static inline int32_t last_below(const double number)
{
    const double places = std::ceil(number*range<double>() - 0.5);
    return places > 0 ? static_cast<int32_t>(std::min(places, range<double>()) - 1) : -1;
}

// Standard normal, by Box and Muller.
template <typename scalar>
static inline scalar normal(uint32_t* s0, uint32_t* s1, uint32_t* s2, uint32_t* s3, const size_t lane)
{
    const scalar radius = std::sqrt(scalar(-2)*std::log(uniform<scalar>(s0, s1, s2, s3, lane)));
    return radius*std::cos(scalar(6.283185307179586)*uniform<scalar>(s0, s1, s2, s3, lane));
}

}  // namespace dense
#endif
