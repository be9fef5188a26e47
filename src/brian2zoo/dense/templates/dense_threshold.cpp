{# Whether a neuron spikes takes no branch, which vectorizes; then the few spikes are looked up. #}
{# USES_VARIABLES { N } #}
{% extends 'threshold.cpp' %}
{% block extra_headers %}
{{ super() }}
#include "dense.h"
{% endblock %}
{% block maincode %}
    {{lanes(vector_code)|autoindent}}
    // scalar code
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% set _eventspace = get_array_name(eventspace_variable) %}
    static unsigned char _spikes[{{(n_columns + 31)//32*32}}];
    {% set chance = chance_of(vector_code, scalar_code) %}
    {% if chance %}
    const int32_t _last = dense::last_below({{chance}});
    {% endif %}
    {{vectorize(vector_code)|autoindent}}
    for (size_t _column = 0; _column < {{n_columns}}; _column++)
    {
        const size_t _idx = _column;
        const size_t _vectorisation_idx = _idx;
        {% if chance %}
        const bool _cond = dense::digits<double>(_s0, _s1, _s2, _s3, _column) <= _last;
        {% else %}
        {{dense_code(vector_code, scalar_code)|autoindent}}
        {% endif %}
        _spikes[_column] = _cond ? 1 : 0;
    }
    const long _count = dense::places(_spikes, {{n_columns}}, {{_eventspace}});
    {% if _uses_refractory %}
    for (long _spike = 0; _spike < _count; _spike++)
    {
        const size_t _idx = {{_eventspace}}[_spike];
        {{not_refractory}}[_idx] = false;
        {{lastspike}}[_idx] = {{t}};
    }
    {% endif %}
    {{_eventspace}}[N] = _count;
{% endblock %}
