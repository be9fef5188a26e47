{# What follows a spike, without a queue of synapses: spikes wait in a ring, then act on all synapses of their neuron. #}
{% extends 'common_synapses.cpp' %}
{% block extra_headers %}
{{ super() }}
#include "dense.h"
#include "blocks.h"
{% endblock %}
{% block maincode %}
    static dense::SpikeRing& _ring = dense::ring("{{pathway.name}}", {{delays}}, {{source_dt}}[0]);
    const dense::Spikes _arriving =
        _ring.step({{source_events}}, {{source_events}}[{{n_source_events}}], {{source_start}}, {{source_stop}});
    {% if block %}
    {% include 'dense_block_kept.cpp' %}
    {% endif %}
    {{lanes(own(vector_code))|autoindent}}
    if (!_arriving.empty())
    {
        // scalar code
        const size_t _vectorisation_idx = -1;
        {{own(scalar_code)|autoindent}}
        {% block walk %}
        {% endblock %}
    }
{% endblock %}
