{# USES_VARIABLES { N } #}
{% extends 'threshold.cpp' %}
{% block maincode %}
    // scalar code
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% set _eventspace = get_array_name(eventspace_variable) %}
    // Most blocks of neurons hold no spike: whether one does takes no branch a neuron, which vectorizes.
    const size_t _block_size = 32;
    long _count = 0;
    for (size_t _first = 0; _first < N; _first += _block_size)
    {
        const size_t _end = (_first + _block_size < N) ? _first + _block_size : N;
        int _any = 0;
        for (size_t _idx = _first; _idx < _end; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
            _any |= _cond ? 1 : 0;
        }
        if (!_any)
            continue;
        for (size_t _idx = _first; _idx < _end; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
            if (_cond) {
                {{_eventspace}}[_count++] = _idx;
                {% if _uses_refractory %}
                {{not_refractory}}[_idx] = false;
                {{lastspike}}[_idx] = {{t}};
                {% endif %}
            }
        }
    }
    {{_eventspace}}[N] = _count;
{% endblock %}
