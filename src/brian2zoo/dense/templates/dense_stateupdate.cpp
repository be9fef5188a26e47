{# Every step, for each neuron, or for each synapse of an all-to-all projection by its place in the rows. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'stateupdate.cpp' %}
{% block extra_headers %}
{{ super() }}
#include "dense.h"
#include "blocks.h"
{% endblock %}
{% block maincode %}
    {{lanes(vector_code)|autoindent}}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% if condition %}
    if ({{condition}})
    {
    {% endif %}
    {% if look %}
    {{look}}
    {% endif %}
    {% set declared, before, inside = of_columns(dense_code(vector_code, scalar_code)) %}
    {% if before %}
    {{declared|autoindent}}
    for (size_t _column = 0; _column < {{n_columns}}; _column++)
    {
        {{before|autoindent}}
    }
    {% endif %}
    for (size_t _row = 0; _row < {{n_rows}}; _row++)
    {
        const size_t _begin = _row*{{n_columns}};
        {{vectorize(vector_code)|autoindent}}
        for (size_t _column = 0; _column < {{n_columns}}; _column++)
        {
            const size_t _idx = _begin + _column;
            const size_t _vectorisation_idx = _column;
            {{inside|autoindent}}
        }
    }
    {% if condition %}
    }
    {% endif %}
{% endblock %}
