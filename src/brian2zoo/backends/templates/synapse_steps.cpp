{# What synapses do in each step, and what they do in the first step of a sample only. #}
{% macro cpp_file() %}
{% block maincode %}
{{(scalar_code['step'] + vector_code['step'])|autoindent}}
{% if onset_steps %}
if (((long) floor(t/DT + 0.5)) % {{onset_steps}} == 0)
{
    {{(scalar_code['onset'] + vector_code['onset'])|autoindent}}
}
{% endif %}
{% endblock %}
{% endmacro %}

{% macro h_file() %}
{{support_code_lines|autoindent}}
{{hashdefine_lines|autoindent}}
{% endmacro %}
