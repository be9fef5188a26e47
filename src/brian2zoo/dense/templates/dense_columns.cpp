{# All-to-all, presynaptic index slowest: the synapses of postsynaptic spikes are columns, taken row by row. #}
{% extends 'dense_pathway.cpp' %}
{% block walk %}
        for (size_t _row = 0; _row < {{n_rows}}; _row++)
        {
            const size_t _begin = _row*{{n_columns}};
            for (size_t _spike = 0; _spike < _arriving.size(); _spike++)
            {
                const size_t _column = _arriving[_spike];
                const size_t _idx = _begin + _column;
                const size_t _vectorisation_idx = _column;
                {{dense_code(own(vector_code), own(scalar_code))|autoindent}}
            }
        }
{% endblock %}
