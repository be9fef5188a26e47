{# Sums over the rows (into the postsynaptic neurons) or along each row (into the presynaptic neuron); one to one, copies. #}
{# USES_VARIABLES { N } #}
{% extends 'summed_variable.cpp' %}
{% block maincode %}
    {% set _target_var_array = get_array_name(_target_var) %}
    const int _target_size = {{constant_or_scalar(_target_size_name, variables[_target_size_name])}};
    for (int _target_idx = 0; _target_idx < _target_size; _target_idx++)
        {{_target_var_array}}[_target_idx + {{_target_start}}] = 0;

    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

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
        {% if sums_rows or diagonal %}
        {{vectorize(vector_code)|autoindent}}
        for (size_t _column = 0; _column < {{n_columns}}; _column++)
        {
            const size_t _idx = _begin + _column;
            const size_t _vectorisation_idx = _column;
            {{inside|autoindent}}
            {{_target_var_array}}[_column + {{_target_start}}] += _synaptic_var;
        }
        {% else %}
        {{c_data_type(_target_var.dtype)}} _sum = 0;
        for (size_t _column = 0; _column < {{n_columns}}; _column++)
        {
            const size_t _idx = _begin + _column;
            const size_t _vectorisation_idx = _column;
            {{inside|autoindent}}
            _sum += _synaptic_var;
        }
        {{_target_var_array}}[_row + {{_target_start}}] = _sum;
        {% endif %}
    }
{% endblock %}
