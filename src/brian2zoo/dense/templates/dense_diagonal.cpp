{# One to one: the synapse of a neuron has its number. #}
{% extends 'dense_pathway.cpp' %}
{% block walk %}
        for (size_t _spike = 0; _spike < _arriving.size(); _spike++)
        {
            const size_t _idx = _arriving[_spike];
            const size_t _column = _idx;
            const size_t _vectorisation_idx = _idx;
            {{unbranched(dense_code(own(vector_code), own(scalar_code)))|autoindent}}
        }
{% endblock %}
