{# All-to-all or one-to-one synapses need no stored indices: only the variables get their size. #}
{# USES_VARIABLES { N_incoming, N_outgoing, N, _source_offset, _target_offset } #}
{# WRITES_TO_READ_ONLY_VARIABLES { N_incoming, N_outgoing, N } #}
{% extends 'synapses_create_generator.cpp' %}
{% block maincode %}
    {{_dynamic_N_incoming}}.resize(_target_offset);
    {{_dynamic_N_incoming}}.resize(_target_offset + {{shape.n_columns}}, {{shape.n_rows}});
    {{_dynamic_N_outgoing}}.resize(_source_offset);
    {{_dynamic_N_outgoing}}.resize(_source_offset + {{shape.n_sources}}, {{shape.fan_out}});
    const int32_t newsize = {{shape.n_rows*shape.n_columns}};
    {% for varname in owner._registered_variables | variables_to_array_names(access_data=False) | sort %}
    {% if "__synaptic_" not in varname %}
    {{varname}}.resize(newsize);
    {% endif %}
    {% endfor %}
    {{N}} = newsize;
{% endblock %}
