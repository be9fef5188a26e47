{# Any other connectivity with one delay: the synapses of each neuron are a list. #}
{% extends 'dense_pathway.cpp' %}
{% block walk %}
        static dense::Fans _fans({{synapse_sources}}, {{source_start}}, {{source_stop}} - {{source_start}});
        for (const int32_t _synapse : _fans.of(_arriving))
        {
            const size_t _idx = _synapse;
            const size_t _vectorisation_idx = _idx;
            {{own(vector_code)|autoindent}}
        }
{% endblock %}
