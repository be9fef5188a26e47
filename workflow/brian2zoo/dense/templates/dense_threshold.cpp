{# USES_VARIABLES { N } #}
{% extends 'threshold.cpp' %}
{% block extra_headers %}
{{ super() }}
#include "dense.h"
{% endblock %}
{% block maincode %}
    {% set _draws = lanes(vector_code) %}
    {{_draws|autoindent}}
    // scalar code
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% set _eventspace = get_array_name(eventspace_variable) %}
    long _count = 0;
    for (size_t _first = 0; _first < N; _first += 32)
    {
        const size_t _size = (_first + 32 < N) ? 32 : N - _first;
        {% if not _draws %}
        // Most blocks of neurons hold no spike. Whether one does takes no branch a neuron, which vectorizes.
        int _any = 0;
        for (size_t _idx = _first; _idx < _first + _size; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
            _any |= _cond ? 1 : 0;
        }
        if (!_any)
            continue;
        {% endif %}
        unsigned char _spikes[32] = {0};
        #pragma GCC ivdep
        for (size_t _place = 0; _place < _size; _place++)
        {
            const size_t _idx = _first + _place;
            const size_t _column = _idx;
            const size_t _vectorisation_idx = _idx;
            {{dense_code(vector_code, scalar_code)|autoindent}}
            _spikes[_place] = _cond ? 1 : 0;
        }
        dense::for_each_set(_spikes, [&](const size_t _place)
        {
            const size_t _idx = _first + _place;
            {{_eventspace}}[_count++] = _idx;
            {% if _uses_refractory %}
            {{not_refractory}}[_idx] = false;
            {{lastspike}}[_idx] = {{t}};
            {% endif %}
        });
    }
    {{_eventspace}}[N] = _count;
{% endblock %}
