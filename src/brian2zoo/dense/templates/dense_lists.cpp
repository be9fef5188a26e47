{# Any other connectivity with one delay: the synapses of each neuron are a list. #}
{% extends 'dense_pathway.cpp' %}
{% block walk %}
        static const dense::Fans _fans({{synapse_sources}}, {{source_start}}, {{source_stop}} - {{source_start}});
        for (size_t _spike = 0; _spike < _arriving.size(); _spike++)
            for (const int32_t* _synapse = _fans.first(_arriving[_spike]); _synapse != _fans.last(_arriving[_spike]); _synapse++)
            {
                const size_t _idx = *_synapse;
                const size_t _vectorisation_idx = _idx;
                {{own(vector_code)|autoindent}}
            }
{% endblock %}
