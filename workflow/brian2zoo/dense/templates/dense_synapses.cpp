{% extends 'common_synapses.cpp' %}
{% block extra_headers %}
{{ super() }}
#include <vector>
{% endblock %}
{% block maincode %}
    // Spikes wait {{delay_steps}} steps in a ring of lists; a spike then acts on its whole row.
    static std::vector<int32_t> _ring[{{delay_steps}} + 1];
    static size_t _slot = 0;
    {
        const int32_t* _events = {{source_events}};
        _ring[_slot].assign(_events, _events + _events[{{n_source}}]);
    }
    _slot = (_slot + 1) % ({{delay_steps}} + 1);
    const std::vector<int32_t>& _arriving = _ring[_slot];
    if (!_arriving.empty())
    {
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    for (size_t _spike = 0; _spike < _arriving.size(); _spike++)
    {
        const size_t _row = _arriving[_spike];
        const size_t _begin = _row * {{row_length}};
        #pragma GCC ivdep
        for (size_t _column = 0; _column < {{row_length}}; _column++)
        {
            const size_t _idx = _begin + _column;
            const size_t _vectorisation_idx = _idx;
            {{row_code(vector_code)|autoindent}}
        }
    }
    }
{% endblock %}
