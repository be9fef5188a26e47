// Synaptic variables that are moved on a block of steps at a time: what a block keeps, and products of matrices.
#ifndef BRIAN2ZOO_DENSE_BLOCKS_H
#define BRIAN2ZOO_DENSE_BLOCKS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dense.h"

// What runs once a block is not copied to where it is called from: that would take time to compile.
#define APART __attribute__((noinline))

namespace dense {

#if defined(__AVX512F__)
constexpr size_t VECTOR_BYTES = 64, TILE_ROWS = 8;
#elif defined(__AVX__)
constexpr size_t VECTOR_BYTES = 32, TILE_ROWS = 4;
#else
constexpr size_t VECTOR_BYTES = 16, TILE_ROWS = 4;
#endif

// As many numbers as a register holds, anywhere in memory.
template <typename scalar> struct Vector;
template <> struct Vector<float> {
    typedef float type __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(float)), may_alias));
};
template <> struct Vector<double> {
    typedef double type __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(double)), may_alias));
};

// Adds the product of a strip of `steps` x TILE_ROWS, transposed, and one of `steps` x `vectors` registers to those
// rows of a matrix whose numbers are given, of which it takes `columns`. The sums stay in registers.
template <typename scalar, int vectors>
void add_tile(
    const scalar* a, const scalar* b, const size_t steps,
    scalar* matrix, const size_t width, const int32_t* rows, const size_t n_rows, const size_t columns)
{
    typedef typename Vector<scalar>::type vector;
    constexpr size_t lanes = VECTOR_BYTES/sizeof(scalar);
    vector sums[TILE_ROWS][vectors] = {};
    for (size_t step = 0; step < steps; step++)
    {
        vector along[vectors];
        for (int v = 0; v < vectors; v++)
            along[v] = *reinterpret_cast<const vector*>(b + (step*vectors + v)*lanes);
        for (size_t row = 0; row < TILE_ROWS; row++)
            for (int v = 0; v < vectors; v++)
                sums[row][v] += along[v]*a[step*TILE_ROWS + row];
    }
    for (size_t row = 0; row < n_rows; row++)
    {
        scalar* to = matrix + rows[row]*width;
        if (columns == vectors*lanes)
            for (int v = 0; v < vectors; v++)
                *reinterpret_cast<vector*>(to + v*lanes) += sums[row][v];
        else
            for (size_t column = 0; column < columns; column++)
                to[column] += sums[row][column/lanes][column%lanes];
    }
}

// Two matrices, (step, row) and (step, column).
template <typename scalar>
struct Pair {
    const scalar *of_rows, *of_columns;
};

// Whether any of some numbers is not zero.
template <typename scalar>
bool any(const scalar* first, const size_t number)
{
    unsigned char found = 0;
    for (size_t k = 0; k < number; k++)
        found |= first[k] != 0;
    return found;
}

// Adds sums over steps of products of pairs to a matrix (row, column). If all are finite, rows that are given nothing
// stay as they are, and steps in which nothing is given, or what is given is multiplied by nothing, are left out.
template <typename scalar, int vectors>
APART void add_products(
    const std::vector<Pair<scalar>>& pairs, const size_t steps, const bool finite,
    scalar* matrix, const size_t n_rows, const size_t n_columns)
{
    constexpr size_t strip = vectors*VECTOR_BYTES/sizeof(scalar);
    static std::vector<scalar> a, b;
    static std::vector<int32_t> rows;
    static std::vector<unsigned char> given;
    static std::vector<Pair<scalar>> products;
    given.assign(n_rows, !finite);
    products.clear();
    for (const Pair<scalar>& pair : pairs)
        for (size_t step = 0; step < steps; step++)
        {
            const Pair<scalar> product = {pair.of_rows + step*n_rows, pair.of_columns + step*n_columns};
            if (finite && !(any(product.of_rows, n_rows) && any(product.of_columns, n_columns)))
                continue;
            products.push_back(product);
            unsigned char* to = given.data();
            for (size_t row = 0; row < n_rows; row++)
                to[row] |= product.of_rows[row] != 0;
        }
    rows.clear();
    for (size_t row = 0; row < n_rows; row++)
        if (given[row])
            rows.push_back(row);
    const size_t tiles = (rows.size() + TILE_ROWS - 1)/TILE_ROWS, depth = products.size();
    a.assign(tiles*TILE_ROWS*depth, 0);
    b.assign(strip*depth, 0);
    for (size_t p = 0; p < depth; p++)
    {
        scalar* to = a.data() + p*TILE_ROWS;
        for (size_t k = 0; k < rows.size(); k++)
            to[k/TILE_ROWS*TILE_ROWS*depth + k%TILE_ROWS] = products[p].of_rows[rows[k]];
    }
    for (size_t first = 0; first < n_columns; first += strip)
    {
        const size_t columns = std::min(strip, n_columns - first);
        for (size_t p = 0; p < depth; p++)
            std::copy_n(products[p].of_columns + first, columns, b.data() + p*strip);
        for (size_t tile = 0; tile < tiles; tile++)
            add_tile<scalar, vectors>(
                a.data() + tile*TILE_ROWS*depth, b.data(), depth, matrix + first, n_columns,
                rows.data() + tile*TILE_ROWS, std::min(TILE_ROWS, rows.size() - tile*TILE_ROWS), columns);
    }
}

// The registers across which a strip of a matrix of so many columns is taken.
template <typename scalar>
constexpr int strip_of(const size_t n_columns)
{
    return n_columns*sizeof(scalar) <= VECTOR_BYTES ? 1 : n_columns*sizeof(scalar) <= 2*VECTOR_BYTES ? 2 : 3;
}

// What is kept of the steps of a block that nobody has looked at.
class Waiting {
public:
    // A bit for each variable that is zero at all synapses.
    unsigned zero = 0;
    // Moves the variables on, but for `unread` ones, which are set to zero before anybody reads them.
    virtual void finish(const unsigned unread) = 0;
    virtual ~Waiting() {}
};

// The blocks of all projections, by name.
inline std::map<std::string, std::unique_ptr<Waiting>>& blocks()
{
    static std::map<std::string, std::unique_ptr<Waiting>> all;
    return all;
}

// `written` ones are not zero afterwards.
APART inline void look(const char* name, const unsigned unread, const unsigned written)
{
    const auto found = blocks().find(name);
    if (found == blocks().end())
        return;
    found->second->finish(unread);
    found->second->zero &= ~written;
}

// Whether variables that are to be set to zero have to be: not where they are zero already.
APART inline bool must_be_zeroed(const char* name, const unsigned variables)
{
    const auto found = blocks().find(name);
    if (found == blocks().end())
        return true;
    found->second->finish(variables);
    const bool all = (found->second->zero & variables) == variables;
    found->second->zero |= variables;
    return !all;
}

// At the end of a run everybody may look, and write.
APART inline void finish_blocks()
{
    for (auto& named : blocks())
    {
        named.second->finish(0);
        named.second->zero = 0;
    }
}

template <typename scalar>
class Block : public Waiting {
    size_t now = 0;
    const size_t length, n_factors, n_moving;

    // Whether all that is kept of the steps is finite: no exponent has all of its bits set.
    static bool finite(const std::vector<std::vector<scalar>>& kept, const size_t number)
    {
        typedef typename Bits<scalar>::type bits;
        for (const std::vector<scalar>& values : kept)
        {
            const bits* first = reinterpret_cast<const bits*>(values.data());
            bits found = 0;
            for (size_t k = 0; k < number; k++)
                found |= (first[k] & Bits<scalar>::exponent) == Bits<scalar>::exponent;
            if (found)
                return false;
        }
        return true;
    }

public:
    typedef void (*Take)(Block&, size_t steps, bool finite, unsigned unread);
    // Values of the one side and of the side that decides how variables move on, each (step, neuron).
    std::vector<std::vector<scalar>> factors, kept;
    // By variable: what factors are multiplied by, (step, neuron), and shares of the variables at the start, (neuron).
    std::vector<std::vector<std::vector<scalar>>> back, shares;
    Take take = nullptr;

    Block(
        const size_t length, const size_t n_factors, const size_t n_moving,
        const size_t factors, const size_t kept, const size_t variables)
        : length(length), n_factors(n_factors), n_moving(n_moving),
          factors(factors, std::vector<scalar>(length*n_factors)), kept(kept, std::vector<scalar>(length*n_moving)),
          back(variables, std::vector<std::vector<scalar>>(factors)),
          shares(variables, std::vector<std::vector<scalar>>(variables))
    {}

    // Where a step puts its values.
    scalar* factor(const size_t number) { return factors[number].data() + now*n_factors; }
    scalar* keep(const size_t number) { return kept[number].data() + now*n_moving; }

    // Where what factor `number` of a variable is multiplied by goes, and the share of another variable in it.
    APART scalar* multiplied(const size_t variable, const size_t number)
    {
        back[variable][number].resize(length*n_moving);
        return back[variable][number].data();
    }
    APART scalar* share(const size_t variable, const size_t other, const scalar value)
    {
        shares[variable][other].assign(n_moving, value);
        return shares[variable][other].data();
    }

    // Ends a step.
    void next(const Take how)
    {
        take = how;
        if (++now == length)
            finish(0);
    }

    APART void finish(const unsigned unread) override
    {
        if (now == 0)
            return;
        const size_t steps = now;
        now = 0;
        // What is no number stays none, and is found when the run has ended.
        const bool all_finite = finite(factors, steps*n_factors) && finite(kept, steps*n_moving);
        take(*this, steps, all_finite, all_finite ? unread : 0);
        zero &= all_finite ? unread : 0;
    }
};

template <typename scalar>
APART Block<scalar>& block(
    const char* name, const size_t length, const size_t n_factors, const size_t n_moving,
    const size_t factors, const size_t kept, const size_t variables)
{
    std::unique_ptr<Waiting>& found = blocks()[name];
    if (!found)
        found.reset(new Block<scalar>(length, n_factors, n_moving, factors, kept, variables));
    return static_cast<Block<scalar>&>(*found);
}

}  // namespace dense
#endif
