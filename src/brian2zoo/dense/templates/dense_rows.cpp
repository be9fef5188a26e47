{# All-to-all, presynaptic index slowest: the synapses of a presynaptic spike are a row of neighbours. #}
{% extends 'dense_pathway.cpp' %}
{% block walk %}
        {% set declared, before, inside = of_columns(dense_code(own(vector_code), own(scalar_code))) %}
        {% if before %}
        {{declared|autoindent}}
        {{vectorize(own(vector_code))|autoindent}}
        for (size_t _column = 0; _column < {{n_columns}}; _column++)
        {
            {{before|autoindent}}
        }
        {% endif %}
        for (size_t _spike = 0; _spike < _arriving.size(); _spike++)
        {
            const size_t _row = _arriving[_spike];
            const size_t _begin = _row*{{n_columns}};
            {{vectorize(own(vector_code))|autoindent}}
            for (size_t _column = 0; _column < {{n_columns}}; _column++)
            {
                const size_t _idx = _begin + _column;
                const size_t _vectorisation_idx = _column;
                {{inside|autoindent}}
            }
        }
{% endblock %}
